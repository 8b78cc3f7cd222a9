# /// expect
# stdout = "2 lines\n"
# files = ["run.log"]
# ///
import logging

handler = logging.FileHandler("/mnt/data/run.log", mode="w")
handler.setFormatter(logging.Formatter("%(name)s:%(levelname)s:%(message)s"))
log = logging.getLogger("job")
log.propagate = False
log.setLevel(logging.DEBUG)
log.addHandler(handler)
log.debug("start")
log.error("failed")
handler.close()
print(len(open("/mnt/data/run.log").readlines()), "lines")
