# /// expect
# images = 1
# ///
%config InlineBackend.figure_format = 'retina'
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
