# /// expect
# stdout = "Payment: 1013.37, total interest: 164,813, final balance: 0.00\n"
# files = ["schedule.csv"]
# ///
import pandas as pd

principal, annual, years = 200_000, 0.045, 30
r, n = annual / 12, years * 12
payment = principal * r / (1 - (1 + r) ** -n)
rows, balance = [], principal
for month in range(1, n + 1):
    interest = balance * r
    balance -= payment - interest
    rows.append((month, round(interest, 2), round(balance, 2)))
df = pd.DataFrame(rows, columns=["month", "interest", "balance"])
df.to_csv("/mnt/data/schedule.csv", index=False)
print(f"Payment: {payment:.2f}, total interest: {df['interest'].sum():,.0f}, final balance: {abs(balance):.2f}")
