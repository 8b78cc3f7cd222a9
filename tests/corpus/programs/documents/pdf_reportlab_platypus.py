# /// expect
# stdout = "True True\n"
# files = ["chart.png", "report.pdf"]
# ///
import matplotlib.pyplot as plt
from pypdf import PdfReader
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Image, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

plt.plot([1, 2, 3])
plt.savefig("/mnt/data/chart.png")
plt.close()
styles = getSampleStyleSheet()
table = Table([["Item", "Qty"], ["Apples", 3]])
table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("BACKGROUND", (0, 0), (-1, 0), colors.lightblue)]))
SimpleDocTemplate("/mnt/data/report.pdf").build([Paragraph("Stock list", styles["Title"]), Spacer(1, 12), table, Image("/mnt/data/chart.png", 200, 150)])
page = PdfReader("/mnt/data/report.pdf").pages[0]
print("Apples" in page.extract_text(), len(page.images) == 1)
