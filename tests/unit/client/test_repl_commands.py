"""The REPL's commands are no magics of IPython's."""

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from cellblock_client.cli.repl.commands import COMMANDS, find_command
from cellblock_client.errors import Error


def test_no_magic_has_the_name_of_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    config = Config()
    config.HistoryManager.enabled = False
    magics = InteractiveShell(config=config).magics_manager.magics  # type: ignore[no-untyped-call]
    assert "timeit" in magics["line"]
    taken = {f"%{name}" for kind in magics.values() for name in kind}
    assert COMMANDS.keys() & taken == set()


@pytest.mark.parametrize(
    "code", ["%timeit 1", "%%bash\n%files", "files", "%files\n1", "% files", ""]
)
def test_all_else_is_the_kernels(code: str) -> None:
    assert find_command(code) is None


def test_arguments_may_be_quoted() -> None:
    found = find_command("  %upload 'a b.txt' c.txt ")
    assert found is not None
    assert found == (COMMANDS["%upload"], ["a b.txt", "c.txt"])


@pytest.mark.parametrize("code", ["%upload", "%help me", "%upload 'a"])
def test_wrong_arguments_are_refused(code: str) -> None:
    with pytest.raises(Error):
        find_command(code)
