"""Modules that are imported before kernels are forked."""

from pathlib import Path

import pytest

from cellblock_agent.kernel.forkserver import preload_modules


def test_a_module_that_can_not_be_imported_is_named_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_by_code.py").write_text("raise OSError('no space left')")
    monkeypatch.syspath_prepend(tmp_path)
    wanted = ["no_such_module", "broken_by_code", "json"]
    assert preload_modules(wanted) == ["no_such_module", "broken_by_code"]
