# /// session
# attach = ["tone.wav"]
# ///
# /// expect
# stdout = "1000 500 True\n"
# files = ["half.wav"]
# stderr_lines = 6
# ///
from pydub import AudioSegment

sound = AudioSegment.from_wav("/mnt/data/tone.wav")
half = sound[:500].fade_in(50) - 6
half.export("/mnt/data/half.wav", format="wav")
print(len(sound), len(half), half.dBFS < sound.dBFS)
