# /// expect
# stdout = "['Call me at 9 am.', 'Bring two apples!'] ['9', 'two']\n['9 am']\n"
# stderr_lines = 4
# ///
import spacy
from spacy.matcher import Matcher

nlp = spacy.blank("en")
nlp.add_pipe("sentencizer")
doc = nlp("Call me at 9 am. Bring two apples!")
print([s.text for s in doc.sents], [t.text for t in doc if t.like_num])
matcher = Matcher(nlp.vocab)
matcher.add("TIME", [[{"LIKE_NUM": True}, {"LOWER": "am"}]])
print([doc[a:b].text for _, a, b in matcher(doc)])
