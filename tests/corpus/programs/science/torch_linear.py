# /// session
# limit = "PyTorch"
# time_limit = 120
# ///
# /// expect
# stdout = "True\n"
# stderr_lines = 4
# ///
import torch
import torch.nn as nn

torch.manual_seed(0)
X = torch.linspace(0, 1, 50).unsqueeze(1)
y = 3 * X + 1
model = nn.Linear(1, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.5)
for _ in range(300):
    opt.zero_grad()
    loss = nn.functional.mse_loss(model(X), y)
    loss.backward()
    opt.step()
print(loss.item() < 1e-4)
