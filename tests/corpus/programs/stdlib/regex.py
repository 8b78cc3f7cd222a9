# /// expect
# stdout = "['ann@example.com', 'bob.lee@mail.org']\n15550109999\n[1234.5, 99.0]\n['a', 'b', 'c', 'd'] Contact\n"
# ///
import re

text = "Contact: ann@example.com, bob.lee@mail.org. Phone: +1 (555) 010-9999. Total: $1,234.50 and $99"
print(re.findall(r"[\w.]+@[\w.]+\.\w+", text))
print(re.sub(r"\D", "", re.search(r"\+1[^.]*", text).group()))
print([float(m.replace(",", "")) for m in re.findall(r"\$([\d,]+(?:\.\d+)?)", text)])
print(re.split(r"[.,:]\s*", "a: b, c. d"), re.match(r"(?P<k>\w+)", text)["k"])
