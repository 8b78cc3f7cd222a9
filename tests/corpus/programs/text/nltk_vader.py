# /// expect
# stdout = "True True\n"
# stderr_lines = 6
# ///
import nltk
from nltk.sentiment import SentimentIntensityAnalyzer

nltk.download("vader_lexicon", quiet=True)
sia = SentimentIntensityAnalyzer()
print(sia.polarity_scores("I love this, it is great!")["compound"] > 0.5,
      sia.polarity_scores("This is terrible and sad.")["compound"] < -0.3)
