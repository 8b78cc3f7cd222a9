"""The example of files: upload, download, and the reported changes."""

import csv
import io
import zipfile
from collections.abc import Callable

from PIL import Image

from cellblock_client import SessionInfo
from tests.integration.examples.program import Program


def test_files_go_in_and_come_out(
    program: Program, sessions: Callable[[], list[SessionInfo]]
) -> None:
    table = "mm,degrees\n1,10\n2,12\n3,17\n"
    (program.folder / "rain.csv").write_text(table)
    done = program.run("files.py", "rain.csv", "--out", "made")
    assert done.returncode == 0, done.stderr
    assert "3 rows; as asked" in done.stdout
    assert f"{len(table)} of {len(table)} bytes" in done.stderr

    made = program.folder / "made"
    rows = {row[0]: row for row in csv.reader((made / "summary.csv").open())}
    assert [float(value) for value in rows["mean"][1:]] == [2, 13]
    with Image.open(made / "plot.png") as plot:
        assert len(plot.convert("RGB").getcolors(2**24) or ()) > 2
    size = (made / "plot.png").stat().st_size
    assert f"plot.png came in pieces, {size} bytes together" in done.stdout
    with zipfile.ZipFile(io.BytesIO((made / "reports.zip").read_bytes())) as archive:
        assert {"summary.csv", "plot.png"} <= {name.split("/")[-1] for name in archive.namelist()}
    assert len(sessions()) == 1


def test_errors_are_reported(program: Program) -> None:
    (program.folder / "empty.csv").write_text("")
    done = program.run("files.py", "empty.csv")
    assert done.returncode == 1
    assert "EmptyDataError" in done.stderr
