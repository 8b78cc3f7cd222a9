# /// expect
# stdout = "True\n"
# files = ["hello.pdf"]
# stderr_lines = 8
# ///
from fpdf import FPDF
from pypdf import PdfReader

pdf = FPDF()
pdf.add_page()
pdf.set_font("Arial", size=16)
pdf.cell(200, 10, txt="Hello from FPDF", ln=True, align="C")
pdf.multi_cell(0, 8, "A longer paragraph. " * 10)
pdf.output("/mnt/data/hello.pdf")
print("Hello from FPDF" in PdfReader("/mnt/data/hello.pdf").pages[0].extract_text())
