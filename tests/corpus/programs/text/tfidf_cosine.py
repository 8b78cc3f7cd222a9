# /// expect
# stdout = "[[1.0, 0.63, 0.0], [0.63, 1.0, 0.0], [0.0, 0.0, 1.0]]\n['cat lay', 'cat sat', 'fell sharply']\n"
# ///
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

docs = ["the cat sat on the mat", "the cat lay on the rug", "stock prices fell sharply"]
sim = cosine_similarity(TfidfVectorizer().fit_transform(docs))
print(sim.round(2).tolist())
print(CountVectorizer(ngram_range=(2, 2)).fit(docs).get_feature_names_out()[:3].tolist())
