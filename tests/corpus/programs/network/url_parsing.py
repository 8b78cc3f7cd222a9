# /// expect
# stdout = "shop.example.com 8443 {'color': ['red'], 'size': ['10']} top\nq=a+b&n=1 %C3%BC/%C3%9F http://a/c\n<b> & True\n"
# ///
import html
import ipaddress
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlparse

u = urlparse("https://shop.example.com:8443/items?color=red&size=10#top")
print(u.hostname, u.port, parse_qs(u.query), u.fragment)
print(urlencode({"q": "a b", "n": 1}), quote("ü/ß"), urljoin("http://a/b/", "../c"))
print(html.unescape("&lt;b&gt; &amp;"), ipaddress.ip_address("10.0.0.5") in ipaddress.ip_network("10.0.0.0/24"))
