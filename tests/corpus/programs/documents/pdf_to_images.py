# /// session
# attach = ["report.pdf"]
# ///
# /// expect
# stdout = "2 pages\n"
# images = 1
# ///
from pdf2image import convert_from_path

pages = convert_from_path("/mnt/data/report.pdf", dpi=50)
print(len(pages), "pages")
display(pages[0])
