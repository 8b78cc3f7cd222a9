# /// expect
# stdout = "True\n"
# files = ["zh.pdf"]
# ///
from pypdf import PdfReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
c = canvas.Canvas("/mnt/data/zh.pdf")
c.setFont("STSong-Light", 18)
c.drawString(100, 700, "销售报告")
c.save()
print(len(PdfReader("/mnt/data/zh.pdf").pages) == 1)
