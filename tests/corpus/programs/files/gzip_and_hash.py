# /// expect
# stdout = "True\nceebb2a573b5e0e3 0cc175b9c0f1b6a831c399e269772661\n"
# files = ["data.gz"]
# ///
import gzip
import hashlib

text = "hello world\n" * 100
with gzip.open("/mnt/data/data.gz", "wt") as f:
    f.write(text)
with gzip.open("/mnt/data/data.gz", "rt") as f:
    print(f.read() == text)
print(hashlib.sha256(text.encode()).hexdigest()[:16], hashlib.md5(b"a").hexdigest())
