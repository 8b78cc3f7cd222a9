# /// expect
# stderr_contains = ["UserWarning: check your data"]
# stderr_lines = 3
# ///
import warnings

for _ in range(5):
    warnings.warn("check your data")
# %%
# /// expect
# stderr = ""
# ///
warnings.filterwarnings("ignore")
warnings.warn("hidden")
