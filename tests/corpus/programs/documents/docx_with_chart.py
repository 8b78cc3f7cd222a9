# /// expect
# stdout = "1\n"
# files = ["chart.png", "with_chart.docx"]
# ///
import matplotlib.pyplot as plt
from docx import Document
from docx.shared import Inches

plt.figure()
plt.bar(["a", "b"], [1, 2])
plt.savefig("/mnt/data/chart.png")
plt.close()
doc = Document()
doc.add_picture("/mnt/data/chart.png", width=Inches(4))
doc.save("/mnt/data/with_chart.docx")
print(len(Document("/mnt/data/with_chart.docx").inline_shapes))
