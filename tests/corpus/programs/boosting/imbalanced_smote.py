# /// expect
# stdout = "{0: 91, 1: 9} {0: 91, 1: 91}\n"
# stderr_lines = 4
# ///
from collections import Counter
from imblearn.over_sampling import SMOTE
from sklearn.datasets import make_classification

X, y = make_classification(n_samples=100, weights=[0.9], flip_y=0, random_state=3)
X2, y2 = SMOTE(random_state=0).fit_resample(X, y)
print(dict(sorted((int(k), v) for k, v in Counter(y).items())), dict(sorted((int(k), v) for k, v in Counter(y2).items())))
