# /// expect
# stdout = "[('the', 3), ('dog', 2)] [('the', 'cat'), ('cat', 'saw')]\n3 ['it', \"'\", 's', '5', '.', '0']\n"
# ///
from nltk import FreqDist, bigrams, ngrams
from nltk.metrics import edit_distance
from nltk.tokenize import RegexpTokenizer, wordpunct_tokenize

tokens = RegexpTokenizer(r"\w+").tokenize("The cat saw the dog. The dog ran.".lower())
print(FreqDist(tokens).most_common(2), list(bigrams(tokens))[:2])
print(edit_distance("kitten", "sitting"), wordpunct_tokenize("it's 5.0"))
