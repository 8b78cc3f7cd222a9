# /// session
# attach = ["notes_utf16.txt"]
# ///
# /// expect
# error = "UnicodeDecodeError"
# ///
text = open("/mnt/data/notes_utf16.txt").read()
# %%
# /// expect
# stdout = "Größe: 12 €\nnaïve café\n日本語\n\n"
# files = ["notes.txt"]
# ///
text = open("/mnt/data/notes_utf16.txt", encoding="utf-16").read()
print(text)
with open("/mnt/data/notes.txt", "w", encoding="utf-8") as f:
    f.write(text)
