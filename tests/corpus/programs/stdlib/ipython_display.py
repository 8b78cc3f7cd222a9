# /// expect
# displays = 2
# ///
from IPython.display import HTML, Markdown, display

display(Markdown("**bold** text"))
display(HTML("<b>html</b>"))
display({"a": 1})
# %%
# /// expect
# images = 1
# ///
from IPython.display import Image
import io
from PIL import Image as PILImage

buffer = io.BytesIO()
PILImage.new("RGB", (10, 10), "red").save(buffer, "PNG")
Image(data=buffer.getvalue())
