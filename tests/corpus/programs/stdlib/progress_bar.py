# /// expect
# stdout = "sum 4950\n"
# stderr_lines = 3
# ///
from tqdm import tqdm

total = 0
for i in tqdm(range(100), desc="Working"):
    total += i
print("sum", total)
