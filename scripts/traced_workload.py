"""Workload of `trace_syscalls.py`: the data stack, and other common work of Python programs.

Every piece is one execution in one session of the full image. Add a piece for what a
sandbox should be able to do, trace again, and see whether the profile lets it.
"""

WORKLOAD = {
    "numpy": """
import numpy as np
a = np.random.default_rng(0).random((600, 600))
np.linalg.svd(a); np.fft.fft2(a); a @ a
np.save("a.npy", a); np.load("a.npy", mmap_mode="r+")[0] = 1
np.memmap("b.dat", dtype="f8", mode="w+", shape=(1000,)).flush()
""",
    "pandas": """
import pandas as pd
frame = pd.DataFrame({"x": range(1000), "y": pd.date_range("2020", periods=1000)})
for kind in ("csv", "excel", "parquet", "feather", "json", "html", "pickle", "xml"):
    path = f"frame.{kind}.xlsx" if kind == "excel" else f"frame.{kind}"
    getattr(frame, f"to_{kind}")(path)
    getattr(pd, f"read_{kind}")(path)
frame.groupby(frame.x % 7).x.rolling(3).mean()
frame.sample(10)
""",
    "matplotlib": """
import matplotlib.pyplot as plt
plt.plot(range(10)); plt.title("日本語 😀"); plt.savefig("p.png"); plt.savefig("p.pdf")
plt.savefig("p.svg"); plt.show()
""",
    "science": """
import scipy.optimize, scipy.sparse.linalg, scipy.signal, sympy, networkx, statsmodels.api as sm
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
import numpy as np
x, y = np.random.rand(300, 5), np.random.randint(0, 2, 300)
KMeans(3, n_init=2).fit(x)
GridSearchCV(RandomForestClassifier(10), {"max_depth": [1, 2]}, n_jobs=2, cv=2).fit(x, y)
scipy.optimize.minimize(lambda v: (v ** 2).sum(), [1.0, 2.0])
sm.OLS(y, x).fit().summary(); sympy.integrate("sin(x)"); networkx.pagerank(networkx.path_graph(9))
""",
    "images": """
from PIL import Image, ImageDraw
import cv2, imageio, numpy as np, plotly.express, seaborn, shapely
image = Image.new("RGB", (300, 200)); ImageDraw.Draw(image).text((5, 5), "text")
for kind in ("png", "jpeg", "gif", "webp", "tiff", "bmp"): image.save(f"i.{kind}")
cv2.GaussianBlur(cv2.imread("i.png"), (5, 5), 0); imageio.imread("i.png")
cv2.VideoWriter("v.avi", cv2.VideoWriter_fourcc(*"MJPG"), 5, (30, 20)).release()
plotly.express.line(x=[1], y=[2]).to_json(); shapely.Point(0, 0).buffer(1).area
seaborn.histplot([1, 2, 2])
""",
    "documents": """
import docx, pptx, reportlab.pdfgen.canvas, pypdf, pdfplumber, lxml.etree, bs4, markdown, yaml
d = docx.Document(); d.add_paragraph("x"); d.save("d.docx"); docx.Document("d.docx")
p = pptx.Presentation(); p.slides.add_slide(p.slide_layouts[0]); p.save("p.pptx")
c = reportlab.pdfgen.canvas.Canvas("c.pdf"); c.drawString(9, 9, "x"); c.save()
pypdf.PdfReader("c.pdf").pages[0].extract_text(); pdfplumber.open("c.pdf").pages[0].extract_text()
bs4.BeautifulSoup("<p>x", "lxml"); markdown.markdown("# x"); yaml.safe_load("a: 1")
import subprocess; subprocess.run(["antiword", "-h"], capture_output=True)
""",
    "archives": """
import bz2, gzip, lzma, os, shutil, tarfile, tempfile, zipfile
os.makedirs("tree/a"); open("tree/a/f", "w").write("x" * 10**5); os.symlink("f", "tree/a/l")
for kind in ("zip", "tar", "gztar", "bztar", "xztar"): shutil.make_archive(kind, kind, "tree")
shutil.unpack_archive("zip.zip", "out"); shutil.unpack_archive("gztar.tar.gz", "out2")
shutil.copytree("tree", "copy"); shutil.copy2("zip.zip", "z2"); shutil.move("copy", "moved")
shutil.rmtree("moved"); tempfile.NamedTemporaryFile().write(b"x"); tempfile.TemporaryDirectory()
""",
    "files": """
import fcntl, mmap, os, glob, pathlib, sqlite3, dbm, shelve, select
with open("f", "w+b") as f:
    f.write(bytes(10**6)); f.flush(); os.fsync(f.fileno()); os.fdatasync(f.fileno())
    fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_UN)
    m = mmap.mmap(f.fileno(), 0); m[:5] = b"hello"; m.flush(); m.madvise(mmap.MADV_DONTNEED)
    os.posix_fallocate(f.fileno(), 0, 2 * 10**6); os.ftruncate(f.fileno(), 10)
    os.preadv(f.fileno(), [bytearray(3)], 0); os.pwritev(f.fileno(), [b"abc"], 0)
    os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
os.mkfifo("fifo"); os.unlink("fifo"); os.link("f", "g"); os.chmod("g", 0o600); os.chown("g", -1, -1)
os.utime("g")
os.rename("g", "h"); os.replace("h", "g"); os.truncate("g", 3); os.statvfs("."); os.access(".", 7)
os.listdir("."); list(os.scandir(".")); glob.glob("**", recursive=True); os.umask(os.umask(0))
d = os.open(".", os.O_RDONLY); os.open("f", os.O_RDONLY, dir_fd=d); os.mkdir("k", dir_fd=d)
os.rename("k", "k2", src_dir_fd=d, dst_dir_fd=d); os.rmdir("k2"); os.fchdir(d); os.chdir(".")
os.getxattr, os.listxattr("f"); pathlib.Path("f").resolve(); os.memfd_create("x")
a, b = os.open("f", os.O_RDONLY), os.open("copied", os.O_WRONLY | os.O_CREAT)
os.sendfile(b, a, 0, 5); os.copy_file_range(a, b, 3)
db = sqlite3.connect("db.sqlite"); db.execute("pragma journal_mode=wal")
db.execute("create table t(x)"); db.executemany("insert into t values (?)", [(1,)] * 1000)
db.commit(); db.close(); shelve.open("shelf")["x"] = 1
""",
    "processes": """
import multiprocessing as mp, os, pty, resource, signal, subprocess, sys, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import shared_memory
def square(x): return x * x
print(subprocess.run("ls -la /; ps aux; df; id; date; uname -a; env; nproc; free", shell=True,
      capture_output=True, text=True).stdout[:10])
print(subprocess.run(["bash", "-c", "seq 100 | sort -n | uniq | wc -l | xargs echo; timeout 1 "
      "sleep .1; for f in *; do grep -c x $f; done; find . -name 'x*' -exec cat {} +; "
      "tar c f | gzip | md5sum; sed s/a/b/ f > q; awk 1 q; head -c 9 /dev/urandom | base64; "
      "mkfifo w; (echo y > w &) ; read l < w; kill -0 $$; nice ls; split -b 9 f; cp -a f cc; "
      "rm -rf cc; touch cc; ln -s cc ll; du -s .; stat f; tail -n 1 f; diff f q; dd if=f of=u; "
      "install f uu; mktemp; sleep .1 & wait; ulimit -a; trap 'echo' INT; mv u u2; nohup true"],
      capture_output=True).returncode)
context = mp.get_context("fork")
with context.Pool(2) as pool: print(pool.map(square, range(9)))
if True:
    q = context.Queue(); p = context.Process(target=q.put, args=(1,)); p.start(); q.get(); p.join()
    m = context.Manager(); m.dict()["x"] = 1; m.shutdown()
with ProcessPoolExecutor(2, mp_context=context) as e: print(list(e.map(square, [1, 2])))
with ThreadPoolExecutor(8) as e: print(sum(e.map(square, range(99))))
s = shared_memory.SharedMemory(create=True, size=1000); s.close(); s.unlink()
context.Semaphore(1).acquire()
import joblib; print(joblib.Parallel(2)(joblib.delayed(square)(i) for i in range(4)))
pid, fd = pty.fork()
if pid == 0: os.execvp("stty", ["stty", "-a"])
os.read(fd, 99); os.waitpid(pid, 0)
import pexpect; pexpect.run("python3 -c 'print(1)'")
import psutil; psutil.virtual_memory(); psutil.net_if_addrs(); psutil.cpu_percent(.1)
[p.info for p in psutil.process_iter(["name", "memory_info"])]; psutil.disk_partitions()
resource.getrusage(0); resource.setrlimit(resource.RLIMIT_CPU, (99, 99)); os.nice(1)
os.sched_setaffinity(0, os.sched_getaffinity(0)); os.getloadavg(); os.times(); os.getlogin
os.posix_spawn("/bin/true", ["true"], {}); os.wait(); os.pidfd_open(os.getpid())
""",
    "signals": """
import faulthandler, signal, threading, time
hit = []
signal.signal(signal.SIGALRM, lambda *a: hit.append(1)); signal.alarm(1); signal.pause()
signal.setitimer(signal.ITIMER_REAL, .01); time.sleep(.05); signal.getitimer(signal.ITIMER_REAL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
signal.pthread_kill(threading.get_ident(), signal.SIGUSR1); signal.sigtimedwait([signal.SIGUSR1], 1)
signal.raise_signal(signal.SIGALRM); faulthandler.dump_traceback_later(9); signal.sigpending()
threading.Timer(.01, print).start(); time.clock_gettime(0)
""",
    "networks": """
import asyncio, http.server, os, select, selectors, socket, ssl, threading, urllib.request
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/").status)
server.shutdown()
async def main():
    async def echo(reader, writer): writer.write(await reader.read(9)); writer.close()
    served = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*served.sockets[0].getsockname()[:2])
    writer.write(b"x"); writer.write_eof(); await reader.read()
    p = await asyncio.create_subprocess_shell("echo x", stdout=-1); await p.communicate()
    await asyncio.to_thread(os.getpid)
    unix = await asyncio.start_unix_server(echo, "/tmp/u")
    await asyncio.open_unix_connection("/tmp/u")
await main()
for family, kind in ((socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6, socket.SOCK_STREAM)):
    s = socket.socket(family, kind); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
a, b = socket.socketpair(); socket.send_fds(a, [b"x"], [0]); socket.recv_fds(b, 9, 1)
try: urllib.request.urlopen("https://example.com")
except OSError as error: print(error)
socket.gethostname(); socket.if_nameindex(); select.epoll(); ssl.create_default_context()
import sklearn.datasets, grpc, zmq
channel = grpc.insecure_channel("127.0.0.1:1")
try: grpc.channel_ready_future(channel).result(.2)
except grpc.FutureTimeoutError: pass
""",
    "languages": """
import cffi, ctypes, pyarrow, pyarrow.compute, pyarrow.csv, cryptography.fernet, tqdm
ctypes.CDLL(None).getpid(); pyarrow.csv.read_csv("frame.csv").to_pandas()
cryptography.fernet.Fernet(cryptography.fernet.Fernet.generate_key()).encrypt(b"x")
import cProfile, tracemalloc, gc, linecache, secrets, uuid, locale, getpass, platform, zoneinfo
cProfile.run("1"); tracemalloc.start(); tracemalloc.stop(); secrets.token_hex(); uuid.uuid1()
platform.platform(); getpass.getuser(); zoneinfo.ZoneInfo("UTC"); import this
""",
    "pip": "%pip install nothing-of-this-name",
    "shell": "!perl -e 'print 1'; python3 -c 'import threading'; python3 -m venv /tmp/v || true",
    "magics": "%timeit -n 1 -r 1 1\n%prun 1\n%time 1\n%who",
    "death": "import os; os._exit(3)",
    "crash": "import ctypes; ctypes.string_at(0)",
    "too much": "x = bytearray(6 * 2**30)",
    "flood": "for _ in range(20000): print('x' * 99)",
    "unending": "while True: pass",
}
"""Pieces of code by name."""
TIME_LIMITS = {"unending": 3.0}
"""Time limits in seconds, for code that does not end by itself."""
