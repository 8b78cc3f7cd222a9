# Bars of tqdm.notebook are displays: what is printed keeps its own lines.
# /// expect
# stdout = "epoch 0 loss 0.5\nepoch 1 loss 0.5\n"
# stderr = ""
# displays = 3
# ///
from tqdm.notebook import tqdm
for epoch in tqdm(range(2), desc="epochs"):
    for b in tqdm(range(4), desc="batch"): pass
    print("epoch", epoch, "loss", 0.5)
