# /// session
# attach = ["tone.wav"]
# ///
# /// expect
# stdout = "True\n"
# files = ["tone.mp3"]
# stderr_lines = 4
# ///
import os
from pydub import AudioSegment

AudioSegment.from_file("/mnt/data/tone.wav").export("/mnt/data/tone.mp3", format="mp3")
print(os.path.getsize("/mnt/data/tone.mp3") > 1000)
