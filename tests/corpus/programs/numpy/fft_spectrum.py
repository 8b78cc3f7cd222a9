# /// expect
# stdout = "Dominant frequencies: [5.0, 12.0]\n"
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

fs = 100
t = np.arange(0, 2, 1 / fs)
signal = np.sin(2 * np.pi * 5 * t) + 0.5 * np.sin(2 * np.pi * 12 * t)
spectrum = np.abs(np.fft.rfft(signal))
freqs = np.fft.rfftfreq(len(signal), 1 / fs)
top = sorted(freqs[np.argsort(spectrum)[-2:]].tolist())
print("Dominant frequencies:", top)

plt.stem(freqs, spectrum)
plt.xlim(0, 20)
plt.xlabel("Frequency [Hz]")
plt.show()
