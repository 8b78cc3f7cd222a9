# /// session
# attach = ["report.pdf"]
# ///
# /// expect
# stdout = "3 pages, encrypted True\n"
# files = ["merged.pdf", "page_1.pdf"]
# ///
from pypdf import PdfReader, PdfWriter

reader = PdfReader("/mnt/data/report.pdf")
single = PdfWriter()
single.add_page(reader.pages[0])
single.write("/mnt/data/page_1.pdf")

writer = PdfWriter()
for path in ["/mnt/data/report.pdf", "/mnt/data/page_1.pdf"]:
    writer.append(path)
writer.pages[0].rotate(90)
writer.encrypt("secret")
with open("/mnt/data/merged.pdf", "wb") as f:
    writer.write(f)

merged = PdfReader("/mnt/data/merged.pdf")
encrypted = merged.is_encrypted
merged.decrypt("secret")
print(len(merged.pages), "pages, encrypted", encrypted)
