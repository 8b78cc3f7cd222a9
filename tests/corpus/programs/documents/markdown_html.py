# /// expect
# stdout = "Title ['one', 'two'] 1\n"
# files = ["page.html"]
# ///
import markdown
from bs4 import BeautifulSoup

html = markdown.markdown("# Title\n\n* one\n* two\n\n| a | b |\n|---|---|\n| 1 | 2 |", extensions=["tables"])
with open("/mnt/data/page.html", "w") as f:
    f.write(html)
soup = BeautifulSoup(html, "html.parser")
print(soup.h1.text, [li.text for li in soup.find_all("li")], soup.find("td").text)
