# /// expect
# stdout = "rskbing cafe naive Unicode\nabc\nTrue 5 SS\n"
# ///
import string
import unicodedata

s = "Ærøskøbing café naïve Ünïcödé"
print(unicodedata.normalize("NFKD", s).encode("ascii", "ignore").decode())
print(str.maketrans("", "", string.punctuation) and "a.b,c!".translate(str.maketrans("", "", string.punctuation)))
print("Straße".casefold() == "STRASSE".casefold(), len("👩‍👩‍👧"), "ß".upper())
