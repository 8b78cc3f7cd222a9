# /// session
# attach = ["meeting.docx"]
# ///
# /// expect
# stdout = "[Title] Meeting notes\n[Normal] Present: Ana, Bo and Cy.\n[List Bullet] Budget approved: 12,500 EUR\n[List Bullet] Next meeting on 3 June\nTask | Owner\nDraft plan | Ana\nCheck costs | Bo\n"
# ///
from docx import Document

doc = Document("/mnt/data/meeting.docx")
for para in doc.paragraphs:
    print(f"[{para.style.name}] {para.text}")
for table in doc.tables:
    for row in table.rows:
        print(" | ".join(cell.text for cell in row.cells))
