"""Displays that child processes leave for the kernel are shown once, within bounds."""

import json
from pathlib import Path
from typing import Any

import pytest

from cellblock_agent.kernel.libraries import displays


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what the kernel, which is this process, shows."""
    bundles: list[dict[str, Any]] = []
    monkeypatch.setattr(displays, "show_bundle", lambda data, _metadata: bundles.append(data))
    monkeypatch.setattr(displays, "is_kernel", lambda: True)
    return bundles


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory for displays, which does not exist yet."""
    folder = tmp_path / "displays"
    monkeypatch.setenv(displays.FOLDER_VARIABLE, str(folder))
    return folder


def test_displays_are_shown_once_and_in_order(folder: Path, shown: list[dict[str, Any]]) -> None:
    for text in ("a", "b"):
        displays.send_to_kernel({"text/plain": text, "image/png": b"\x89PNG"}, {})
    displays.show_childrens_displays()
    displays.show_childrens_displays()
    assert [bundle["text/plain"] for bundle in shown] == ["a", "b"]
    assert shown[0]["image/png"] == "iVBORw=="
    assert not folder.exists()


def test_more_displays_than_allowed_are_left_out(
    folder: Path, shown: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(displays.MAX_DISPLAYS + 2):
        displays.send_to_kernel({"text/plain": "a"}, {})
    displays.show_childrens_displays()
    assert len(shown) == displays.MAX_DISPLAYS
    assert capsys.readouterr().err == "2 displays of child processes were left out.\n"
    assert not folder.exists()


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"data": {}}), "[" * 10_000])
def test_a_damaged_display_is_one_line(
    folder: Path, shown: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], content: str
) -> None:
    folder.mkdir()
    (folder / f"1{displays.SUFFIX}").write_text(content)
    displays.show_childrens_displays()
    assert shown == []
    assert capsys.readouterr().err.count("\n") == 1


def test_a_pipe_or_link_in_place_of_a_display_is_not_followed(
    folder: Path, tmp_path: Path, shown: list[dict[str, Any]]
) -> None:
    folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_text(json.dumps({"data": {"text/plain": "secret"}, "metadata": {}}))
    (folder / f"1{displays.SUFFIX}").symlink_to(secret)
    (folder / f"2{displays.SUFFIX}").mkdir()
    displays.show_childrens_displays()
    assert shown == []
    assert secret.exists()
    assert not folder.exists()


def test_a_child_without_a_place_says_how_to_save_the_image(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write_text("blocked")
    displays.send_to_kernel({"text/plain": "a"}, {})
    assert "plt.savefig()" in capsys.readouterr().err
