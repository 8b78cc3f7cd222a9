# /// expect
# stdout = "2.5 2.25\nerror True\npeaks 4\n"
# ///
import numpy as np
from scipy.interpolate import CubicSpline, interp1d
from scipy.signal import butter, filtfilt, find_peaks

x = np.array([0, 1, 2, 3])
y = x ** 2
print(float(interp1d(x, y)(1.5)), round(float(CubicSpline(x, y)(1.5)), 4))
t = np.linspace(0, 1, 500)
clean = np.sin(2 * np.pi * 4 * t)
noisy = clean + 0.3 * np.sin(2 * np.pi * 80 * t)
b, a = butter(4, 10, fs=500)
print("error", np.abs(filtfilt(b, a, noisy) - clean)[50:-50].max().round(2) < 0.05)
print("peaks", len(find_peaks(clean)[0]))
