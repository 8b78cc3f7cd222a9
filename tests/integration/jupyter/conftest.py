"""The Cellblock kernel, found by Jupyter's programs by name in a folder of kernels."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cellblock_client.jupyter.kernelspec import install
from tests.support.jupyter import Notebook, opened

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="package", autouse=True)
def jupyter_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that Jupyter's programs read and write during these tests."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA", "CONFIG", "RUNTIME"):
            patch.setenv(f"JUPYTER_{name}_DIR", str(folder / name.lower()))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield folder


@pytest.fixture(scope="package")
def installed(jupyter_folder: Path, server: str) -> str:
    """The name of a kernel that uses the tests' server."""
    install("cellblock", "Cellblock", {"address": server}, prefix=None)
    return "cellblock"


@pytest.fixture(scope="package")
def shared(installed: str) -> Iterator[Notebook]:
    """A shared kernel for tests that work with leftovers of other tests."""
    with opened(installed) as notebook:
        yield notebook


@pytest.fixture
def open_kernel(server: str, installed: str) -> Iterator[Callable[..., Notebook]]:
    """A function that starts kernels with options of their own."""
    with ExitStack() as stack:

        def make(cwd: Path | None = None, **options: Any) -> Notebook:
            install("own", "Own", {"address": server} | options, prefix=None)
            return stack.enter_context(opened("own", cwd))

        yield make
