# /// expect
# images = 1
# ///
%matplotlib inline
%config InlineBackend.figure_format = 'svg'
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()

# %%
# /// expect
# images = 1
# ///
from matplotlib_inline.backend_inline import set_matplotlib_formats
set_matplotlib_formats("pdf", "svg")
plt.plot([1, 2])
None

# %%
# /// expect
# images = 2
# ///
%config InlineBackend.figure_format = 'retina'
plt.plot([1, 2]); plt.show()
set_matplotlib_formats('jpeg', pil_kwargs={'quality': 90})
plt.plot([1, 2]); plt.show()
