"""Upload files into a session, and download files from it.

    python examples/files.py --out out data.csv

Uses the server that CELLBLOCK_ADDRESS names.
"""

import argparse
import sys
from pathlib import Path

from cellblock_client import Client, Error

CODE = """
import pandas as pd
import matplotlib.pyplot as plt

table = pd.read_csv("/mnt/data/table.csv")
summary = table.describe()
summary.to_csv("/mnt/data/reports/summary.csv")
table.plot()
plt.savefig("/mnt/data/reports/plot.png")
print(len(table), "rows;", open("/mnt/data/notes.txt").read())
"""


def progress(done: int, total: int | None) -> None:
    """Report a transfer's progress; `total` is None if it is unknown."""
    print(f"{done} of {total} bytes", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path, help="a CSV file")
    parser.add_argument("--out", type=Path, default=Path("out"))
    given = parser.parse_args()
    given.out.mkdir(exist_ok=True)

    with Client() as client, client.sessions.create() as session:
        # In: stored once, and attached to any number of sessions.
        file = client.files.upload(given.table, expires_after=3600, progress=progress)
        session.attach(file, "table.csv")
        # In: directly into this session, where code may change it.
        session.files.write("notes.txt", b"as asked")
        session.files.create_folder("reports")

        result = session.run(CODE)
        print(result.stdout, end="")
        if not result.ok:
            raise SystemExit(f"the code failed: {result.error or result.failure}")

        # Out: files that an execution made are stored, and outlive the session.
        for made in result.files:
            client.files.download(made.id, given.out / made.filename, progress=progress)
            print(f"{made.path}: {made.bytes} bytes, {made.mime_type}")
        # Out: files of the session: one in pieces, and a directory as a ZIP archive.
        print([entry.path for entry in session.files.list("reports")])
        size = sum(len(piece) for piece in session.files.stream("reports/plot.png"))
        session.files.download_folder("reports", given.out / "reports.zip")
        print(f"plot.png came in pieces, {size} bytes together")


if __name__ == "__main__":
    try:
        main()
    except Error as error:
        sys.exit(f"files: {error}")
