# /// session
# attach = ["meeting.docx"]
# ///
# /// expect
# stdout = "Budget approved: 15,000 EUR\n"
# files = ["meeting_v2.docx"]
# ///
import docx

document = docx.Document("/mnt/data/meeting.docx")
for paragraph in document.paragraphs:
    for run in paragraph.runs:
        run.text = run.text.replace("12,500", "15,000")
document.save("/mnt/data/meeting_v2.docx")
print(next(p.text for p in docx.Document("/mnt/data/meeting_v2.docx").paragraphs if "Budget" in p.text))
