# /// expect
# stdout = "0.75 s\n"
# files = ["melody.wav"]
# displays = 1
# ///
import wave
import numpy as np
from IPython.display import Audio, display

rate = 8000
notes = [261.63, 329.63, 392.0]
t = np.linspace(0, 0.25, rate // 4, endpoint=False)
signal = np.concatenate([np.sin(2 * np.pi * f * t) for f in notes])
pcm = (signal * 32767).astype(np.int16)
with wave.open("/mnt/data/melody.wav", "wb") as w:
    w.setnchannels(1)
    w.setsampwidth(2)
    w.setframerate(rate)
    w.writeframes(pcm.tobytes())
print(len(pcm) / rate, "s")
display(Audio("/mnt/data/melody.wav"))
