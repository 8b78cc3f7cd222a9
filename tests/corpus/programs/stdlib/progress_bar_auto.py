# /// expect
# stdout = "[0, 1, 4]\n"
# stderr_lines = 3
# ///
from tqdm.auto import tqdm
import pandas as pd

tqdm.pandas()
print(pd.Series(range(3)).progress_apply(lambda v: v ** 2).tolist())
