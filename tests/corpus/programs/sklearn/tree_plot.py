# /// expect
# stdout_contains = ["petal width (cm) <= 0.80", "class: 0"]
# images = 1
# ///
import matplotlib.pyplot as plt
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier, export_text, plot_tree

iris = load_iris()
tree = DecisionTreeClassifier(max_depth=2, random_state=1).fit(iris.data[:, 2:], iris.target)
print(export_text(tree, feature_names=iris.feature_names[2:]))
plot_tree(tree, filled=True)
plt.show()
