# /// expect
# stdout = "t = -3.667, p = 0.0005\nsignificant\nTrue True\n"
# ///
import numpy as np
from scipy import stats

np.random.seed(42)
a = np.random.normal(100, 10, 30)
b = np.random.normal(108, 10, 30)
t, p = stats.ttest_ind(a, b)
print(f"t = {t:.3f}, p = {p:.4f}")
print("significant" if p < 0.05 else "not significant")
print(round(stats.shapiro(a).pvalue, 2) > 0.05, stats.mannwhitneyu(a, b).pvalue < 0.05)
