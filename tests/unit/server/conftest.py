"""Fixtures for tests of the server's parts."""

from pathlib import Path

import pytest


@pytest.fixture
def no_user_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the configuration file of the user who runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CELLBLOCK_CONFIG", raising=False)
