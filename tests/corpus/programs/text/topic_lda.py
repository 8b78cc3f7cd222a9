# /// expect
# stdout = "(2, 2) True\n"
# ///
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer

docs = ["apple banana fruit", "fruit banana juice", "engine car wheel", "car engine road"]
X = CountVectorizer().fit_transform(docs)
lda = LatentDirichletAllocation(n_components=2, random_state=0, max_iter=20)
topics = lda.fit_transform(X)
print(topics[:2].shape, topics[0].argmax() == topics[1].argmax() != topics[2].argmax())
