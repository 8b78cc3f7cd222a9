# /// expect
# stdout = "(20,) 3\n"
# stderr_lines = 4
# ///
from gensim.corpora import Dictionary
from gensim.models import Word2Vec

sentences = [["cat", "sits", "mat"], ["dog", "sits", "rug"], ["cat", "dog", "play"]]
model = Word2Vec(sentences, vector_size=20, min_count=1, seed=1, workers=1)
print(model.wv["cat"].shape, Dictionary(sentences).num_docs)
