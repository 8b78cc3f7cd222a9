# /// expect
# stdout = "['Quarterly results', 'Team update'] False\n['Highlights', 'Revenue up 12%\\nTwo new customers'] False\n[''] True\n"
# files = ["deck.pptx"]
# ///
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches, Pt

prs = Presentation()
slide = prs.slides.add_slide(prs.slide_layouts[0])
slide.shapes.title.text = "Quarterly results"
slide.placeholders[1].text = "Team update"

slide = prs.slides.add_slide(prs.slide_layouts[1])
slide.shapes.title.text = "Highlights"
body = slide.placeholders[1].text_frame
body.text = "Revenue up 12%"
body.add_paragraph().text = "Two new customers"

slide = prs.slides.add_slide(prs.slide_layouts[5])
data = CategoryChartData()
data.categories = ["Q1", "Q2"]
data.add_series("Revenue", (1.2, 1.35))
slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1.5), Inches(6), Inches(4), data)
prs.save("/mnt/data/deck.pptx")

for s in Presentation("/mnt/data/deck.pptx").slides:
    print([shape.text_frame.text for shape in s.shapes if shape.has_text_frame], any(sh.has_chart for sh in s.shapes))
