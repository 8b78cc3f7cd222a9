# /// expect
# stdout = "Invoice 42\n"
# files = ["invoice.pdf"]
# ///
from pypdf import PdfReader
from reportlab.lib.pagesizes import letter
from reportlab.lib.units import inch
from reportlab.pdfgen import canvas

c = canvas.Canvas("/mnt/data/invoice.pdf", pagesize=letter)
c.setFont("Helvetica-Bold", 20)
c.drawString(1 * inch, 10 * inch, "Invoice 42")
c.line(1 * inch, 9.8 * inch, 7 * inch, 9.8 * inch)
c.showPage()
c.save()
print(PdfReader("/mnt/data/invoice.pdf").pages[0].extract_text().strip())
