# /// expect
# images = 1
# stderr = ""
# ///
from wordcloud import WordCloud
WordCloud(width=200, height=100).generate("a bb ccc dddd bb ccc").to_image()
