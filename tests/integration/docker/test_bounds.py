"""Too much output: its beginning and end are kept, and all of it as a file."""

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.events import OutputCut, Result

MIB = 2**20


def test_a_million_lines_are_truncated(shared_session: Session, client: Client) -> None:
    result = shared_session.run("for n in range(10**6): print(n)\n'end'")
    whole = "".join(f"{n}\n" for n in range(10**6))
    (cut,) = (event for event in result.events if isinstance(event, OutputCut))
    assert (cut.limit, cut.limit_value) == ("TEXT", MIB)
    assert result.stdout == whole[:MIB] + whole[-MIB // 4 :]
    assert cut.omitted_bytes == len(whole) - MIB - MIB // 4
    assert (result.text, isinstance(result.events[-3], Result)) == ("'end'", True)
    assert result.full_output is not None
    assert client.files.read(result.full_output.id).decode() == whole
    (output,) = client.executions.get(result.execution.id).outputs
    marker = (
        f"\n[… {cut.omitted_bytes} bytes were left out here: the limit is {MIB} bytes of text …]\n"
    )
    assert output == whole[:MIB] + marker + whole[-MIB // 4 :] + "'end'\n"


def test_one_line_of_100_mb(shared_session: Session, client: Client) -> None:
    result = shared_session.run("print('x' * 10**8)")
    assert result.stdout == "x" * (MIB + MIB // 4 - 1) + "\n"
    assert result.full_output is not None
    kept = client.files.read(result.full_output.id)
    assert kept == b"x" * 32 * MIB + b"\n[66445569 more bytes were not kept]\n"


def test_one_gigabyte(session: Session) -> None:
    result = session.run(
        "import os\nblock = b'x' * (2**20 - 1) + b'\\n'\nfor _ in range(1024): os.write(1, block)",
        time_limit=120,
    )
    (cut,) = (event for event in result.events if isinstance(event, OutputCut))
    assert cut.omitted_bytes == 1024 * MIB - MIB - MIB // 4
    assert session.run("1").text == "1"


def test_many_displays_leave_the_newest(shared_session: Session) -> None:
    result = shared_session.run(
        "shown = display('start', display_id=True)\n"
        "for n in range(10_000): shown.update('x' * 2000 + str(n))"
    )
    (cut,) = (event for event in result.events if isinstance(event, OutputCut))
    assert (cut.limit, cut.limit_value) == ("RICH", 8 * MIB)
    assert result.events[-2].data["text/plain"].endswith("9999'")  # type: ignore[attr-defined]


def test_too_many_images_are_reported(shared_session: Session) -> None:
    result = shared_session.run(
        "from PIL import Image\nfor _ in range(52): display(Image.new('L', (1, 1)))"
    )
    assert len(result.images) == 50
    assert result.stderr == "[image/png: left out, there were 50 images already]\n" * 2
