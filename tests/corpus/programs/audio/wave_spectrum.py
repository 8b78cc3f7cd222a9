# /// session
# attach = ["tone.wav"]
# ///
# /// expect
# stdout = "8000 1.0 s, peak 440.0 Hz\n"
# images = 1
# ///
import matplotlib.pyplot as plt
import numpy as np
from scipy.io import wavfile

rate, data = wavfile.read("/mnt/data/tone.wav")
freqs = np.fft.rfftfreq(len(data), 1 / rate)
peak = freqs[np.abs(np.fft.rfft(data)).argmax()]
print(rate, len(data) / rate, "s, peak", peak, "Hz")
plt.specgram(data, Fs=rate)
plt.show()
