# /// expect
# stdout = "15 done\n"
# ///
import queue
import threading

q = queue.Queue()
lock = threading.Lock()
total = 0

def worker():
    global total
    while True:
        item = q.get()
        if item is None:
            break
        with lock:
            total += item

threads = [threading.Thread(target=worker) for _ in range(3)]
for t in threads:
    t.start()
for i in range(1, 6):
    q.put(i)
for _ in threads:
    q.put(None)
for t in threads:
    t.join()
print(total, "done")
