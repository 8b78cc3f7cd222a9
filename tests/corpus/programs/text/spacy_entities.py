# /// expect
# stdout_contains = ["Apple ORG", "London GPE"]
# stderr_lines = 4
# ///
import spacy

nlp = spacy.load("en_core_web_sm")
doc = nlp("Apple is opening a new office in London next year.")
for ent in doc.ents:
    print(ent.text, ent.label_)
