# /// expect
# stdout = "Optimal 2.0 6.0 36.0\n"
# stderr_lines = 6
# ///
import pulp

model = pulp.LpProblem("production", pulp.LpMaximize)
x = pulp.LpVariable("x", lowBound=0)
y = pulp.LpVariable("y", lowBound=0, cat="Integer")
model += 3 * x + 5 * y
model += x <= 4
model += 2 * y <= 12
model += 3 * x + 2 * y <= 18
model.solve(pulp.PULP_CBC_CMD(msg=False))
print(pulp.LpStatus[model.status], x.value(), y.value(), pulp.value(model.objective))
