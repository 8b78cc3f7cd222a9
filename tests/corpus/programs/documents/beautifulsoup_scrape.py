# /// expect
# stdout = "1 Lamp 20.5\n2 Desk 99.0\n/desk None\n"
# ///
from bs4 import BeautifulSoup

html = """<html><body><div class="product" data-id="1"><h2>Lamp</h2><span class="price">$20.50</span></div>
<div class="product" data-id="2"><h2>Desk</h2><span class="price">$99.00</span><a href="/desk">more</a></div></body></html>"""
soup = BeautifulSoup(html, "lxml")
for div in soup.select("div.product"):
    print(div["data-id"], div.h2.get_text(), float(div.select_one(".price").text.strip("$")))
print(soup.find("a")["href"], soup.find("table"))
