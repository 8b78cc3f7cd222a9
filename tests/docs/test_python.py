"""The Python on the pages runs, in the order of the page, against a server with real sandboxes."""

import json
import re
from pathlib import Path

import pytest

from tests.support.model_server import Turn, call, model_server, text
from tests.support.sample_world import Reader, World
from tests.support.samples import ROOT, samples

BLOCKS = [sample for sample in samples("python") if not sample.not_run]
CHART = """
import pandas as pd
rain = pd.read_csv("/mnt/data/rain.csv")
rain.plot.bar(x="year")
print(rain.year[rain.rain.idxmax()])
"""


def runs(identity: str, code: str) -> Turn:
    return lambda: iter(call(0, identity, json.dumps({"code": code}), 20))


TURNS: dict[str, list[Turn]] = {
    "docs/start/tutorial.md": [
        runs("call_1", CHART),
        text("In 2014."),
        runs("call_2", "print(rain.rain.sum())"),
        text("3199 mm."),
    ],
}
"""The model's scripted answers for pages that use a model."""
ANSWERS = {"docs/start/tutorial.md": [r"2014\n\[Image: \S+\.png, id \S+\]", "3199"]}
"""Patterns of what the model reads of its code."""


@pytest.mark.parametrize("page", sorted({sample.page for sample in BLOCKS}))
def test_python_on_a_page_runs(
    page: str, documented: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = documented.key()
    monkeypatch.chdir(tmp_path)
    for name, value in documented.environment(tmp_path, key).items():
        monkeypatch.setenv(name, value)
    with documented.client(key) as client, model_server() as model:
        model.turns = TURNS.get(page, [])[:]
        monkeypatch.setenv("OPENAI_API_KEY", "sk-documented")
        monkeypatch.setenv("OPENAI_BASE_URL", model.base_url)
        reader = Reader(documented, client)
        reader.enter_folder(tmp_path)
        # The README's is examples/quickstart.py.
        names: dict[str, object] = {"__file__": str(ROOT / "examples" / "quickstart.py")}
        for block in (block for block in BLOCKS if block.page == page):
            # Line numbers of errors are those of the page.
            source = "\n" * (block.line - 1) + reader.own(block.text)
            exec(compile(source, block.page, "exec"), names)
        assert [session.id for session in client.sessions.list() if not session.end_reason] == []
        assert model.turns == []
        read = [
            message["content"]
            for message in (model.requests[-1]["messages"] if model.requests else [])
            if message["role"] == "tool"
        ]
        expected = ANSWERS.get(page, [])
        assert len(read) == len(expected)
        assert all(map(re.fullmatch, expected, read)), read
