# /// session
# attach = ["reviews.csv"]
# ///
# /// expect
# stdout = "['pos', 'neg']\n19\n"
# ///
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

df = pd.read_csv("/mnt/data/reviews.csv")
model = make_pipeline(TfidfVectorizer(stop_words="english"), MultinomialNB())
model.fit(df["text"], df["label"])
print(model.predict(["what a great and lovely product", "terrible, broke and bad"]).tolist())
print(len(model[0].vocabulary_))
