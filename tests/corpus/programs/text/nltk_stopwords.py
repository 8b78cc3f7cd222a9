# /// expect
# stdout = "['good', 'example']\nmouse run\n"
# stderr_lines = 8
# ///
import nltk
nltk.download("stopwords")
nltk.download("wordnet")
from nltk.corpus import stopwords
from nltk.stem import WordNetLemmatizer

stop_words = set(stopwords.words("english"))
print([w for w in "this is a very good example".split() if w not in stop_words])
print(WordNetLemmatizer().lemmatize("mice"), WordNetLemmatizer().lemmatize("running", pos="v"))
