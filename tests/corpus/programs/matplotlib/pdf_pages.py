# /// expect
# stdout = "3\n"
# files = ["multi.pdf"]
# ///
import matplotlib.pyplot as plt
from matplotlib.backends.backend_pdf import PdfPages
from pypdf import PdfReader

with PdfPages("/mnt/data/multi.pdf") as pdf:
    for i in range(3):
        fig = plt.figure()
        plt.plot([0, i])
        pdf.savefig(fig)
        plt.close(fig)
print(len(PdfReader("/mnt/data/multi.pdf").pages))
