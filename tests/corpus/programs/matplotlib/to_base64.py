# /// expect
# stdout = "PNG True\n"
# ///
import base64
import io
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.plot([1, 2])
buffer = io.BytesIO()
fig.savefig(buffer, format="png")
plt.close(fig)
encoded = base64.b64encode(buffer.getvalue()).decode()
print(buffer.getvalue()[1:4].decode(), encoded.startswith("iVBORw0KGgo"))
