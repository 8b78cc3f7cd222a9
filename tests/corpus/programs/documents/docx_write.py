# /// expect
# stdout = "['Sales report', 'Prepared for the board', 'Confidential']\n[['Region', 'Revenue'], ['North', '1200'], ['South', '950']]\n"
# files = ["report.docx"]
# ///
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Inches, Pt, RGBColor

doc = Document()
doc.add_heading("Sales report", level=0)
p = doc.add_paragraph("Prepared for the ")
p.add_run("board").bold = True
p.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
run = doc.add_paragraph().add_run("Confidential")
run.font.size = Pt(14)
run.font.color.rgb = RGBColor(0xC0, 0x00, 0x00)
table = doc.add_table(rows=1, cols=2, style="Light Grid Accent 1")
table.rows[0].cells[0].text = "Region"
table.rows[0].cells[1].text = "Revenue"
for region, revenue in [("North", 1200), ("South", 950)]:
    cells = table.add_row().cells
    cells[0].text = region
    cells[1].text = str(revenue)
doc.save("/mnt/data/report.docx")

again = Document("/mnt/data/report.docx")
print([p.text for p in again.paragraphs])
print([[c.text for c in row.cells] for row in again.tables[0].rows])
