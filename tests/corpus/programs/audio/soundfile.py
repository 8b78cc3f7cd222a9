# /// session
# attach = ["tone.wav"]
# ///
# /// expect
# stdout = "(8000,) 8000 FLAC\n"
# files = ["tone.flac"]
# ///
import soundfile as sf

data, rate = sf.read("/mnt/data/tone.wav")
sf.write("/mnt/data/tone.flac", data, rate)
print(data.shape, rate, sf.info("/mnt/data/tone.flac").format)
