# /// session
# attach = ["tone.wav"]
# time_limit = 300
# ///
# /// expect
# stdout = "8000 1.0\n13 True\n"
# images = 1
# stderr_lines = 6
# ///
import librosa
import librosa.display
import matplotlib.pyplot as plt
import numpy as np

y, sr = librosa.load("/mnt/data/tone.wav", sr=None)
print(sr, round(librosa.get_duration(y=y, sr=sr), 2))
mfcc = librosa.feature.mfcc(y=y, sr=sr, n_mfcc=13)
print(mfcc.shape[0], round(float(librosa.feature.spectral_centroid(y=y, sr=sr).mean()), -2) < 1000)
D = librosa.amplitude_to_db(np.abs(librosa.stft(y)), ref=np.max)
librosa.display.specshow(D, sr=sr, x_axis="time", y_axis="hz")
plt.show()
