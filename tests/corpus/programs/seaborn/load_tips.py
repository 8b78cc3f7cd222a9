# /// expect
# stdout = "(244, 7)\n"
# ///
import seaborn as sns

tips = sns.load_dataset("tips")
print(tips.shape)
