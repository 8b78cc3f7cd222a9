# /// session
# attach = ["report.pdf"]
# ///
# /// expect
# stdout = "Pages: 2\nTrue True\nQuarterly report\n"
# ///
import PyPDF2

with open("/mnt/data/report.pdf", "rb") as f:
    reader = PyPDF2.PdfReader(f)
    print("Pages:", len(reader.pages))
    text = "\n".join(page.extract_text() for page in reader.pages)
    title = reader.metadata.title
print("Revenue grew by 12 percent" in text, "info@example.com" in text)
print(title)
