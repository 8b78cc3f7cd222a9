# /// expect
# stdout = "3\n['He', 'was', \"n't\", 'late', '.']\n['run', 'fli', 'easili']\n"
# stderr_lines = 6
# ///
import nltk
from nltk.stem import PorterStemmer
from nltk.tokenize import sent_tokenize, word_tokenize

nltk.download("punkt", quiet=True)
text = "Dr. Smith arrived late. He was tired. Everyone was running."
print(len(sent_tokenize(text)))
print(word_tokenize("He wasn't late."))
print([PorterStemmer().stem(w) for w in ["running", "flies", "easily"]])
