# /// expect
# images = 1
# stderr = ""
# ///
import matplotlib.pyplot as plt
plt.rcParams["font.sans-serif"] = ["SimHei"]; plt.rcParams["axes.unicode_minus"] = False
plt.bar(["一月", "二月"], [3, -5]); plt.title("销售额"); plt.show()

# %%
# /// expect
# images = 1
# stderr = ""
# ///
plt.rcdefaults()
plt.plot([1, 2]); plt.title("x", fontweight="bold", fontname="Arial")
plt.xlabel("y", fontname="Times New Roman"); plt.ylabel("y", fontname="Courier New"); plt.show()

# %%
# /// expect
# images = 1
# stderr = ""
# ///
plt.rcParams["font.family"] = ["No Such Font", "DejaVu Sans"]
plt.plot([1, 2]); plt.title("x", fontweight="light"); plt.show()

# %%
# /// expect
# images = 1
# stderr_contains = ["'No Such Font', 'No Other Font' not found"]
# stderr_lines = 1
# ///
plt.rcParams["font.family"] = ["No Such Font", "No Other Font"]
plt.plot([1, 2]); plt.title("x"); plt.show()

# %% Said once.
# /// expect
# images = 1
# stderr = ""
# ///
plt.plot([1, 2]); plt.title("x"); plt.show()

# %% Characters that no font has.
# /// expect
# images = 1
# stderr_contains = ["missing from font"]
# stderr_lines = 1
# ///
plt.rcdefaults()
plt.plot([1, 2]); plt.title("\ue123 \ue124 \ue125"); plt.xlabel("\ue126"); plt.show()
