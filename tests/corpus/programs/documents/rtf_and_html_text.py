# /// expect
# stdout = "Hello bold world.\nHi A  b\n"
# ///
from striprtf.striprtf import rtf_to_text
from bs4 import BeautifulSoup

print(rtf_to_text(r"{\rtf1\ansi Hello {\b bold} world.\par}").strip())
print(BeautifulSoup("<h1>Hi</h1><p>A <b>b</b></p>", "html.parser").get_text(" "))
