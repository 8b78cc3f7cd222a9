# /// expect
# stdout = "15.042 1 True\n0.975 1.96 0.11719\n0.9811 1.0\n"
# ///
import numpy as np
from scipy.stats import binom, chi2_contingency, norm, pearsonr, spearmanr

chi2, p, dof, expected = chi2_contingency(np.array([[30, 10], [20, 40]]))
print(round(chi2, 3), dof, p < 0.001)
print(round(norm.cdf(1.96), 4), round(norm.ppf(0.975), 4), round(binom.pmf(3, 10, 0.5), 5))
x = np.array([1, 2, 3, 4, 5])
print(round(pearsonr(x, x ** 2)[0], 4), spearmanr(x, x ** 2)[0].round(6))
