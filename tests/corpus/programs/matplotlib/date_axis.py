# /// expect
# images = 1
# ///
import datetime as dt
import matplotlib.pyplot as plt
import matplotlib.dates as mdates

start = dt.date(2024, 1, 1)
dates = [start + dt.timedelta(days=7 * i) for i in range(20)]
values = [i ** 1.5 for i in range(20)]
fig, ax = plt.subplots(figsize=(10, 4))
ax.plot(dates, values)
ax.xaxis.set_major_locator(mdates.MonthLocator())
ax.xaxis.set_major_formatter(mdates.DateFormatter("%b %Y"))
fig.autofmt_xdate()
plt.show()
