# /// session
# attach = ["report.pdf"]
# ///
# /// expect
# stdout = "2 Quarterly report\nTrue Quarterly report\n"
# files = ["page.png"]
# ///
import fitz

doc = fitz.open("/mnt/data/report.pdf")
print(doc.page_count, doc.metadata["title"])
page = doc[0]
print(page.search_for("12 percent") != [], page.get_text().splitlines()[0])
page.get_pixmap(dpi=72).save("/mnt/data/page.png")
doc.close()
