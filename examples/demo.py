"""Run executor in small: a CSV in, three pieces of code, a chart and a spreadsheet out.

    python examples/demo.py

Uses the server of CELLBLOCK_ADDRESS, or starts one. Exit code 0 means that
the chart decodes and has colours, and that the spreadsheet has the right sums.
"""

import csv
import os
import sys
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from openpyxl import load_workbook
from PIL import Image as Picture

from cellblock_client import Client, Error, File, events
from cellblock_client.channel import ADDRESS_VARIABLE
from cellblock_client.cli.logs import LogSelection, write_pretty
from cellblock_client.client import Session
from cellblock_client.embedded import embedded_server

DATA = Path(__file__).parent / "data" / "seattle-weather.csv"
OUT = Path("out")

LOAD = """
import pandas as pd
weather = pd.read_csv("/mnt/data/seattle-weather.csv", parse_dates=["date"])
print(f"{len(weather)} days, {weather.date.min():%Y-%m-%d} to {weather.date.max():%Y-%m-%d}")
weather.describe().round(1)
"""
PLOT = """
import matplotlib.pyplot as plt
monthly = weather.groupby(weather.date.dt.to_period("M")).agg(
    rain=("precipitation", "sum"), warmest=("temp_max", "max"), coldest=("temp_min", "min")
)
figure, axes = plt.subplots(figsize=(9, 4))
axes.bar(range(len(monthly)), monthly.rain, color="tab:blue", label="rain, mm")
axes.twinx().plot(range(len(monthly)), monthly.warmest, color="tab:red")
axes.set_title("Seattle by month: rain and warmest day")
axes.set_xticks(range(0, len(monthly), 6), monthly.index[::6].astype(str))
plt.show()
"""
SAVE = """
monthly.reset_index(names="month").astype({"month": str}).to_excel(
    "/mnt/data/monthly.xlsx", index=False
)
print("wrote monthly.xlsx")
"""


def main() -> int:
    """Run the demo, and return the exit code."""
    with ExitStack() as stack:
        address = os.environ.get(ADDRESS_VARIABLE) or stack.enter_context(embedded_server())
        client = stack.enter_context(Client(address))
        session = stack.enter_context(client.sessions.create(files=[DATA], thread_id="demo"))
        print(f"session {session.id} has {DATA.name}\n")
        made = [file for code in (LOAD, PLOT, SAVE) for file in execute(session, code)]
        chart = save(client, made, ".png")
        spreadsheet = save(client, made, ".xlsx")
        print("\nThe session's log:\n")
        sys.stdout.flush()
        write_pretty(LogSelection(client, session.id, "", follow=False), None)
    check_chart(chart)
    check_spreadsheet(spreadsheet)
    print(f"\n{chart} and {spreadsheet} are right.")
    return 0


def execute(session: Session, code: str) -> list[File]:
    """Run one piece of code, stream its output, and return the files that it made."""
    print("".join(f">>> {line}\n" for line in code.strip().splitlines()), end="")
    made = []
    for event in session.execute(code):
        match event:
            case events.Stdout(text=text) | events.Stderr(text=text):
                print(text, end="", flush=True)
            case events.Result():
                print(event.text)
            case events.Image(file=file) | events.GeneratedFile(file=File() as file):
                print(f"[{file.filename}: {file.bytes} bytes, {file.mime_type}]")
                made.append(file)
            case events.Completed(execution=execution) if execution.error or execution.failure:
                raise SystemExit(f"the code failed: {execution.error or execution.failure}")
    print()
    return made


def save(client: Client, made: list[File], suffix: str) -> Path:
    """Download the one file with this suffix into OUT."""
    (file,) = (file for file in made if file.filename.endswith(suffix))
    OUT.mkdir(exist_ok=True)
    path = OUT / f"monthly{suffix}"
    client.files.download(file.id, path)
    return path


def check_chart(path: Path) -> None:
    """Check that the chart decodes and is not blank."""
    with Picture.open(path) as picture:
        colours = picture.convert("RGB").getcolors(maxcolors=2**24)
    if not colours or len(colours) < 2:
        raise SystemExit(f"{path} has only one colour")


def check_spreadsheet(path: Path) -> None:
    """Check that the sums are those of the CSV, added up here without pandas."""
    rain: dict[str, float] = defaultdict(float)
    with DATA.open(newline="") as file:
        for row in csv.DictReader(file):
            rain[row["date"][:7]] += float(row["precipitation"])
    sheet = load_workbook(path, read_only=True).active
    if sheet is None:
        raise SystemExit(f"{path} has no sheet")
    rows = list(sheet.iter_rows(min_row=2, max_col=2, values_only=True))
    found = {str(month): float(str(total)) for month, total in rows}
    if found.keys() != rain.keys() or any(abs(found[month] - rain[month]) > 1e-6 for month in rain):
        raise SystemExit(f"{path} does not have the sums of {DATA}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Error as error:
        sys.exit(f"demo: {error}")
