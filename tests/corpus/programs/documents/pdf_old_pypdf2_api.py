# /// session
# attach = ["report.pdf"]
# ///
# /// expect
# error = "DeprecationError"
# error_contains = ["PdfFileReader is deprecated"]
# ///
import PyPDF2

reader = PyPDF2.PdfFileReader(open("/mnt/data/report.pdf", "rb"))
# %%
# /// expect
# stdout = "2\n"
# ///
from PyPDF2 import PdfReader

reader = PdfReader("/mnt/data/report.pdf")
print(len(reader.pages))
