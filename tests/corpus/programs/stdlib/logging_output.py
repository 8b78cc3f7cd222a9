# /// expect
# stdout = "done\n"
# stderr_contains = ["INFO", "Loaded 3 rows", "WARNING"]
# stderr_lines = 2
# ///
import logging

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
logger = logging.getLogger("etl")
logger.info("Loaded %d rows", 3)
logger.warning("Column x is empty")
logger.debug("not shown")
print("done")
