# /// expect
# stdout_contains = ["could not load"]
# stderr_lines = 0
# ///
import seaborn as sns

try:
    tips = sns.load_dataset("no_such_dataset")
    print(tips.shape)
except Exception as e:
    print("could not load:", type(e).__name__)
