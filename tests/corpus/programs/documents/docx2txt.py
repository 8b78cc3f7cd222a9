# /// session
# attach = ["meeting.docx"]
# ///
# /// expect
# stdout = "True True\n"
# ///
import docx2txt

text = docx2txt.process("/mnt/data/meeting.docx")
print("Budget approved" in text, "Check costs" in text)
