# /// expect
# stdout = "6.0 0.583\n"
# images = 1
# stderr_lines = 4
# ///
import matplotlib.pyplot as plt
from lifelines import KaplanMeierFitter

durations = [5, 6, 6, 2, 4, 4, 8, 9, 10, 3]
events = [1, 0, 1, 1, 1, 0, 1, 0, 1, 1]
kmf = KaplanMeierFitter()
kmf.fit(durations, event_observed=events)
print(kmf.median_survival_time_, round(kmf.predict(5), 3))
kmf.plot_survival_function()
plt.show()
