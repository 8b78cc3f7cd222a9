"""Each kind of output of a cell, in events, in the client, and in the outputs."""

from dataclasses import dataclass
from itertools import groupby

import pytest

from cellblock_client import Client, File
from cellblock_client import events as ev
from cellblock_client.client import Session

SHOWN = (
    "import io\n"
    "from PIL import Image as Picture\n"
    "from IPython.display import *\n"
    "def picture(kind):\n"
    "    data = io.BytesIO()\n"
    "    Picture.new('RGB', (3, 3)).save(data, kind)\n"
    "    return Image(data.getvalue())\n"
)

pytestmark = pytest.mark.core
PLOT = "import matplotlib.pyplot as plt\n"


@dataclass(frozen=True)
class Row:
    """Code, its events, and the resulting outputs."""

    code: str
    events: list[str]
    outputs: list[str]


ROWS = {
    "nothing": Row("# a comment", [], []),
    "print": Row("print('a'); print('b', end='')", ["out a\nb"], ["a\nb"]),
    "both streams": Row(
        "import sys\nfor n in range(3): print(n); print(-n, file=sys.stderr)",
        ["out 0\n", "err 0\n", "out 1\n", "err -1\n", "out 2\n", "err -2\n"],
        ["0\n0\n1\n-1\n2\n-2\n"],
    ),
    "result": Row("6 * 7", ["result text/plain"], ["42\n"]),
    "print and result": Row("print('a', end=''); 1", ["out a", "result text/plain"], ["a\n1\n"]),
    "table": Row(
        "import pandas; pandas.DataFrame({'a': [1]})",
        ["result text/html text/plain"],
        ["   a\n0  1\n"],
    ),
    "html": Row(
        SHOWN + "HTML('<b>x</b>')",
        ["result text/html text/plain"],
        ["[text/html, 8 characters]\n"],
    ),
    "latex": Row(SHOWN + "Latex('$x$')", ["result text/latex text/plain"], ["$x$\n"]),
    "markdown": Row(SHOWN + "Markdown('# x')", ["result text/markdown text/plain"], ["# x\n"]),
    "json": Row(
        SHOWN + "JSON({'a': 'ä'})", ["result application/json text/plain"], ['{"a": "ä"}\n']
    ),
    "svg": Row(
        SHOWN + "SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')",
        ["result image/svg+xml text/plain"],
        ["[image/svg+xml, 41 characters]\n"],
    ),
    "plotly": Row(
        SHOWN + "display({'application/vnd.plotly.v1+json': {'data': []}}, raw=True)",
        ["display application/vnd.plotly.v1+json"],
        ["[application/vnd.plotly.v1+json, 12 characters]\n"],
    ),
    "vega": Row(
        SHOWN + "display({'application/vnd.vegalite.v5+json': {'mark': 'bar'}}, raw=True)",
        ["display application/vnd.vegalite.v5+json"],
        ["[application/vnd.vegalite.v5+json, 15 characters]\n"],
    ),
    "geojson": Row(
        SHOWN + "GeoJSON({'type': 'Point', 'coordinates': [0, 0]})",
        ["display application/geo+json text/plain"],
        ["[application/geo+json, 40 characters]\n"],
    ),
    "several displays": Row(
        SHOWN + "display(1, 'two')",
        ["display text/plain", "display text/plain"],
        ["1\n'two'\n"],
    ),
    "display and its update": Row(
        SHOWN + "shown = display('a', display_id=True); print('-'); shown.update('b')",
        ["display text/plain", "out -\n", "update text/plain"],
        ["'a'\n-\n'b'\n"],
    ),
    "clear": Row(
        SHOWN + "print('a'); clear_output(); print('b')",
        ["out a\n", "cleared", "out b\n"],
        ["a\nb\n"],
    ),
    "clear later": Row(
        SHOWN + "print('a'); clear_output(wait=True)", ["out a\n", "cleared later"], ["a\n"]
    ),
    "png": Row(SHOWN + "picture('PNG')", ["image image/png result"], ["image/png"]),
    "jpeg": Row(SHOWN + "picture('JPEG')", ["image image/jpeg result"], ["image/jpeg"]),
    "gif": Row(SHOWN + "picture('GIF')", ["image image/gif result"], ["image/gif"]),
    "animated GIF": Row(
        SHOWN + "data = io.BytesIO()\n"
        "frames = [Picture.new('P', (3, 3), n) for n in (1, 2)]\n"
        "frames[0].save(data, 'GIF', save_all=True, append_images=frames[1:])\n"
        "Image(data.getvalue())",
        ["image image/gif result"],
        ["image/gif"],
    ),
    "webp": Row(SHOWN + "display(picture('WEBP'))", ["image image/webp"], ["image/webp"]),
    "text and images": Row(
        SHOWN + "print('a'); display(picture('PNG')); print('b'); display(picture('GIF'))",
        ["out a\n", "image image/png", "out b\n", "image image/gif"],
        ["a\n", "image/png", "b\n", "image/gif"],
    ),
    "picture and its update": Row(
        SHOWN + "shown = display(picture('PNG'), display_id=True); shown.update(picture('GIF'))",
        ["image image/png", "update image/gif"],
        ["image/png", "image/gif"],
    ),
    "figure shown": Row(PLOT + "plt.plot([1]); plt.show()", ["image image/png"], ["image/png"]),
    "figure left open": Row(PLOT + "_ = plt.plot([1])", ["image image/png"], ["image/png"]),
    "several figures": Row(
        PLOT + "for n in range(3): plt.figure(); plt.plot([n])",
        ["image image/png"] * 3,
        ["image/png"] * 3,
    ),
    "figure closed": Row(PLOT + "plt.plot([1]); plt.close()", [], []),
    "animation as page": Row(
        PLOT + "from IPython.display import HTML\n"
        "from matplotlib.animation import FuncAnimation\n"
        "figure, axes = plt.subplots(); line, = axes.plot([1])\n"
        "page = FuncAnimation(figure, lambda _: [line], frames=3).to_jshtml()\n"
        "plt.close(); page = page[:1000]; HTML(page)",
        ["result text/html text/plain"],
        ["[text/html, 1000 characters]\n"],
    ),
    "very large picture": Row(
        SHOWN + "display(Picture.new('L', (8000, 8000)))",
        [
            "err [image/png: left out, 64000000 pixels are more than 50000000]\n",
            "display text/plain",
        ],
        ["[image/png: left out, 64000000 pixels are more than 50000000]\n<PIL.Image.Image …"],
    ),
    "tqdm": Row(
        "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass",
        ["err \r  0%|…"],
        ["100%|██████████| 3/3 […"],
    ),
    "carriage returns": Row(
        "import sys\nfor n in 1, 2, 3: sys.stderr.write(f'\\r{n}/3'); sys.stderr.flush()",
        ["err \r1/3\r2/3\r3/3"],
        ["3/3"],
    ),
    "colours": Row("print('\\x1b[31mred\\x1b[0m')", ["out \x1b[31mred\x1b[0m\n"], ["red\n"]),
    "NUL": Row("print('a\\0b')", ["out a\0b\n"], ["ab\n"]),
    "lone surrogate": Row("print('\\udc80')", ["out \N{REPLACEMENT CHARACTER}\n"], ["\ufffd\n"]),
    "emoji": Row("print('\\ud83d\\ude00')", ["out 😀\n"], ["😀\n"]),
    "bytes that are no text": Row(
        "import os; _ = os.write(1, b'\\xff ok\\n')", ["out \ufffd ok\n"], ["\ufffd ok\n"]
    ),
    "emoji in two writes": Row(
        "import os, time\n"
        "os.write(1, b'\\xf0\\x9f'); time.sleep(0.1); _ = os.write(1, b'\\x98\\x80\\n')",
        ["out 😀\n"],
        ["😀\n"],
    ),
    "warning": Row(
        "import warnings; warnings.warn_explicit('careful', UserWarning, 'file.py', 1)",
        ["err file.py:1: UserWarning: careful\n"],
        ["file.py:1: UserWarning: careful\n"],
    ),
    "logging": Row(
        "import logging; logging.warning('note')",
        ["err WARNING:root:note\n"],
        ["WARNING:root:note\n"],
    ),
    "exception": Row(
        "print('a'); 1 / 0", ["out a\n", "error ZeroDivisionError: division by zero"], ["a\n---…"]
    ),
    "exception with a cause": Row(
        "try: 1 / 0\nexcept ZeroDivisionError as error: raise ValueError('no') from error",
        ["error ValueError: no"],
        ["…"],
    ),
    "exception group": Row(
        "raise ExceptionGroup('many', [ValueError(1), KeyError(2)])",
        ["error ExceptionGroup: many (2 sub-exceptions)"],
        ["  + Exception Group Traceback (most recent call last):\n…"],
    ),
    "syntax error": Row(
        "a = 1\nb = = 2", ["error SyntaxError: invalid syntax (…"], ["  Cell In[…"]
    ),
    "exit status": Row("import sys; sys.exit(3)", ["error SystemExit: 3"], ["SystemExit: 3\n"]),
    "exit": Row("print('a')\nexit()", ["out a\n", "error SystemExit: "], ["a\nSystemExit\n"]),
    "await": Row(
        "import asyncio; await asyncio.sleep(0.01); 'done'", ["result text/plain"], ["'done'\n"]
    ),
    "task in the cell": Row(
        "import asyncio\nasync def task(): print('from a task')\nawait asyncio.create_task(task())",
        ["out from a task\n"],
        ["from a task\n"],
    ),
    "thread in the cell": Row(
        "import threading\n"
        "thread = threading.Thread(target=print, args=('from a thread',))\n"
        "thread.start(); thread.join()",
        ["out from a thread\n"],
        ["from a thread\n"],
    ),
    # Between a child's own two streams the order is not known.
    "child processes": Row(
        "import subprocess\n"
        "print('a'); subprocess.run(['echo', 'b']); print('c')\n"
        "subprocess.run('echo d >&2', shell=True); print('e')",
        ["out a\nb\nc\n", "err d\n", "out e\n"],
        ["a\nb\nc\nd\ne\n"],
    ),
    "pool of processes": Row(
        "import multiprocessing\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(abs, [-1, 2]))",
        ["out [1, 2]\n"],
        ["[1, 2]\n"],
    ),
    "shell": Row("!echo a\nprint('b')\n!echo c >&2", ["out a\nb\n", "err c\n"], ["a\nb\nc\n"]),
    "shell into a variable": Row("lines = !echo a\nlines[0]", ["result text/plain"], ["'a'\n"]),
    "bash": Row("%%bash\nfor n in 1 2; do echo $n; done", ["out 1\n2\n"], ["1\n2\n"]),
    "bash that fails": Row(
        "%%bash\necho no >&2; exit 3", ["err no\n", "error CalledProcessError: …"], ["no\n…"]
    ),
    "pip": Row(
        "%pip install --quiet a-package",
        [
            "err …",
            "error UsageError: pip ended with exit code 1: there is no network here, so nothing "
            "can be installed",
        ],
        ["…"],
    ),
    "timeit": Row("%timeit -n1 -r1 pass", ["out …"], ["…"]),
    "unknown magic": Row(
        "%nonsense",
        ["error UsageError: Line magic function `%nonsense` not found."],
        ["UsageError: Line magic function `%nonsense` not found.\n"],
    ),
    "help": Row("help(len)", ["out …"], ["…"]),
    "pager": Row("len?", ["display text/plain"], ["…"]),
    "input": Row(
        "input('name? ')",
        [
            "error StdinNotImplementedError: input() can't read input: "
            "code runs without a user to answer. "
            "Put the value into the code."
        ],
        ["…"],
    ),
    "getpass": Row(
        "import getpass; getpass.getpass()",
        [
            "error StdinNotImplementedError: getpass() can't read input: "
            "code runs without a user to answer. "
            "Put the value into the code."
        ],
        ["…"],
    ),
    "debugger": Row(
        "breakpoint()",
        ["error StdinNotImplementedError: a debugger can't read commands: …"],
        ["…"],
    ),
    "streams replaced": Row("import io, sys; sys.stdout = io.StringIO(); print('a')", [], []),
    "after streams were replaced": Row("print('b')", ["out b\n"], ["b\n"]),
    "streams closed": Row("import sys; sys.stdout.close(); print('c')", ["out c\n"], ["c\n"]),
    "C's own output": Row(
        "import ctypes; libc = ctypes.CDLL(None); libc.puts(b'from C'); _ = libc.fflush(None)",
        ["out from C\n"],
        ["from C\n"],
    ),
    "metadata": Row(
        SHOWN + "display({'text/plain': 'x'}, raw=True, metadata={'n': 1})",
        ["display text/plain"],
        ["x\n"],
    ),
    "object that can't be shown": Row(
        "class Silent:\n    def __repr__(self): raise ValueError('no words')\nSilent()",
        ["error ValueError: no words"],
        ["…"],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_code_shows(shared_session: Session, client: Client, name: str) -> None:
    row = ROWS[name]
    result = shared_session.run(row.code)
    assert result.failure is None
    assert like(summary(result.events), row.events)
    record = client.executions.get(result.execution.id)
    outputs = [item.mime_type if isinstance(item, File) else item for item in record.outputs]
    assert like(outputs, row.outputs)
    # The journal has the same.
    assert list(client.executions.watch(result.execution.id)) == result.events


def like(found: list[str], wanted: list[str]) -> bool:
    """Whether they are equal, but for what comes in place of `…`."""
    assert len(found) == len(wanted), found
    for one, other in zip(found, wanted, strict=True):
        start, dots, _rest = other.partition("…")
        assert one.startswith(start) if dots else one == other
    return True


def summary(events: list[ev.Event]) -> list[str]:
    """Return events of output, one line each; consecutive text of one stream is merged."""
    lines = []
    for kind, group in groupby(events, type):
        items = list(group)
        if kind in (ev.Stdout, ev.Stderr):
            text = "".join(item.text for item in items if isinstance(item, ev.Stdout | ev.Stderr))
            lines.append(f"{'out' if kind is ev.Stdout else 'err'} {text}")
        else:
            lines += filter(None, map(word, items))
    return lines


def word(event: ev.Event) -> str:
    match event:
        case ev.Result(data=data):
            return f"result {' '.join(sorted(data))}"
        case ev.Display(data=data):
            return f"display {' '.join(sorted(data))}"
        case ev.DisplayUpdate(file=File(mime_type=kind)):
            return f"update {kind}"
        case ev.DisplayUpdate(data=data):
            return f"update {' '.join(sorted(data))}"
        case ev.Image(file=file, is_result=is_result):
            return f"image {file.mime_type}{' result' if is_result else ''}"
        case ev.OutputCleared(wait=wait):
            return "cleared later" if wait else "cleared"
        case ev.ErrorRaised(error=error):
            return f"error {error.name}: {error.value}"
        case ev.GeneratedFile(path=path):
            return f"file {path}"
    return ""
