# /// expect
# stdout = "265 [(0, 3), (1, 2), (2, 1), (3, 0)]\n"
# ///
from ortools.sat.python import cp_model

costs = [[90, 80, 75, 70], [35, 85, 55, 65], [125, 95, 90, 95], [45, 110, 95, 115]]
model = cp_model.CpModel()
x = {(i, j): model.NewBoolVar(f"x{i}{j}") for i in range(4) for j in range(4)}
for i in range(4):
    model.AddExactlyOne(x[i, j] for j in range(4))
    model.AddExactlyOne(x[j, i] for j in range(4))
model.Minimize(sum(costs[i][j] * x[i, j] for i in range(4) for j in range(4)))
solver = cp_model.CpSolver()
solver.Solve(model)
print(int(solver.ObjectiveValue()), [(i, j) for i in range(4) for j in range(4) if solver.Value(x[i, j])])
