"""An operator's image: the three lines of docs/reference/sandbox-image.md, and a session of it."""

import functools
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from cellblock_client import Client
from tests.support.engine import docker
from tests.support.server import ServerProcess

DOCUMENT = Path(__file__).parent.parent.parent.parent / "docs" / "reference" / "sandbox-image.md"
USER = re.compile(r"\(42, 4[0-4]\d{3}\)")
"""Pattern of a user with an id in the range `sandbox.users`, as code prints it."""
WHEEL = "tiny_package-1.0-py3-none-any.whl"
METADATA = "tiny_package-1.0.dist-info"


@pytest.fixture
def wheel(tmp_path: Path) -> Iterator[str]:
    """The address on this machine of a package built by the test."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / WHEEL, "w") as archive:
        archive.writestr("tiny_package.py", "def answer():\n    return 42\n")
        archive.writestr(
            f"{METADATA}/METADATA", "Metadata-Version: 2.1\nName: tiny-package\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{METADATA}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{METADATA}/RECORD", "")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{WHEEL}"
        server.shutdown()
        thread.join()


@pytest.fixture
def image(wheel: str, tmp_path: Path) -> Iterator[str]:
    """An image built from the page's Dockerfile, with the test's package instead of the page's."""
    found = re.search(r"```dockerfile\n(.+?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    lines = found.group(1).splitlines()
    assert len(lines) == 3
    start, package = lines[2].rsplit(" ", 1)
    assert "==" in package
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "Dockerfile").write_text("\n".join([*lines[:2], f"{start} {wheel}"]))
    name = f"cellblock-own-image:{uuid.uuid4().hex}"
    # Without a cache, the image that is removed in the end shares no layers with others.
    docker("build", "--quiet", "--no-cache", "--network=host", f"--tag={name}", str(folder))
    yield name
    docker("image", "rm", name)


@pytest.mark.timeout(180)
def test_an_image_of_three_lines_runs_sessions(
    image: str, new_server: Callable[..., ServerProcess]
) -> None:
    server = new_server(CELLBLOCK_SANDBOX__ALLOWED_IMAGES=f'["{image}"]')
    with Client(server.address) as client, client.sessions.create(image=image) as session:
        result = session.run("import os, tiny_package; tiny_package.answer(), os.getuid()")
        assert USER.fullmatch(result.text)
        # The packages of the base image still work, and the added one belongs to root.
        result = session.run(
            "import matplotlib.pyplot, pandas\n"
            "os.access(tiny_package.__file__, os.W_OK), os.stat(tiny_package.__file__).st_uid"
        )
        assert result.text == "(False, 0)"
