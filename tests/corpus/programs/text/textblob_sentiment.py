# /// expect
# stdout = "True True\n"
# ///
from textblob import TextBlob

print(TextBlob("What a wonderful, happy day").sentiment.polarity > 0.5, TextBlob("An awful, boring film").sentiment.polarity < -0.5)
