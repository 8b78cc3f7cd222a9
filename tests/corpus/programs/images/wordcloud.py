# /// session
# attach = ["article.txt"]
# ///
# /// expect
# stdout = "['robot', 'tree']\n"
# images = 1
# files = ["cloud.png"]
# ///
import matplotlib.pyplot as plt
from wordcloud import STOPWORDS, WordCloud

text = open("/mnt/data/article.txt").read()
wc = WordCloud(width=400, height=200, background_color="white", stopwords=STOPWORDS, random_state=1).generate(text)
print(sorted(wc.words_, key=lambda w: (-wc.words_[w], w))[:2])
wc.to_file("/mnt/data/cloud.png")
plt.imshow(wc, interpolation="bilinear")
plt.axis("off")
plt.show()
