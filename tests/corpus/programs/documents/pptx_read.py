# /// session
# attach = ["samples/sample.pptx"]
# ///
# /// expect
# stdout = "--- Slide 1 ---\nRiver levels – März\n--- Slide 2 ---\nKöln: 312 cm\n水位は下がっています\n"
# ///
from pptx import Presentation

prs = Presentation("/mnt/data/sample.pptx")
for number, slide in enumerate(prs.slides, start=1):
    print(f"--- Slide {number} ---")
    for shape in slide.shapes:
        if shape.has_text_frame and shape.text_frame.text.strip():
            print(shape.text_frame.text)
