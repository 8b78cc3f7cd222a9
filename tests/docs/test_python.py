"""The Python on the pages runs, in the order of the page, against a server with real sandboxes."""

from pathlib import Path

import pytest

from tests.support.sample_world import Reader, World
from tests.support.samples import ROOT, samples

BLOCKS = [sample for sample in samples("python") if not sample.not_run]


@pytest.mark.parametrize("page", sorted({sample.page for sample in BLOCKS}))
def test_python_on_a_page_runs(
    page: str, documented: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = documented.key()
    monkeypatch.chdir(tmp_path)
    for name, value in documented.environment(tmp_path, key).items():
        monkeypatch.setenv(name, value)
    with documented.client(key) as client:
        reader = Reader(documented, client)
        reader.sit_down(tmp_path)
        # The README's is examples/quickstart.py.
        names: dict[str, object] = {"__file__": str(ROOT / "examples" / "quickstart.py")}
        for block in (block for block in BLOCKS if block.page == page):
            # Lines are as on the page in what is told of an error.
            text = "\n" * (block.line - 1) + reader.own(block.text)
            exec(compile(text, block.page, "exec"), names)
        assert [session.id for session in client.sessions.list() if not session.end_reason] == []
