# /// expect
# stdout = "['john@x.org', 'ann.lee@mail.com', nan, nan]\n[True, True, False, False]\n['John', 'Ann', 'no', None]\n[23.0, 26.0, 10.0, nan]\n['John Smith', 'Ann Lee', 'No Address', '']\n"
# ///
import pandas as pd

s = pd.Series(["John Smith <john@x.org>", "Ann Lee <ann.lee@mail.com>", "no address", None])
emails = s.str.extract(r"<(?P<email>[^>]+)>")
print(emails["email"].tolist())
print(s.str.contains("@", na=False).tolist())
print(s.str.split(" ").str[0].tolist())
print(s.str.len().tolist())
print(s.fillna("").str.title().str.replace(r"\s+<.*", "", regex=True).tolist())
