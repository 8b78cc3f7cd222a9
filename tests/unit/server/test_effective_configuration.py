"""The effective configuration says of each value where it comes from."""

from pathlib import Path

import pytest

from cellblock_server.config import Configuration, read_configuration

pytestmark = pytest.mark.usefixtures("no_user_configuration")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def values(configuration: Configuration) -> dict[str, tuple[str, str]]:
    return {
        value.key.name: (value.shown, value.source) for value in configuration.effective_values()
    }


def test_every_kind_of_source_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(
        'profile = "laptop"\n[sessions]\nlifetime = "PT10M"\n[executions]\nmax_images = 3\n'
    )
    monkeypatch.setenv("CELLBLOCK_LIMITS__MEMORY_BYTES__DEFAULT", "512 MiB")
    shown = values(read_configuration(path, {"server": {"listen": "127.0.0.1:0"}}))
    assert shown["server.listen"] == ('"127.0.0.1:0"', "--listen")
    assert shown["profile"] == ('"laptop"', f"{path}:1")
    assert shown["sessions.inactivity_limit"] == ("600 s", f"{path}:3")
    assert shown["executions.max_images"] == ("3", f"{path}:5")
    assert shown["limits.memory_bytes.default"] == (
        "512 MiB",
        "CELLBLOCK_LIMITS__MEMORY_BYTES__DEFAULT",
    )
    assert shown["limits.memory_bytes.max"] == ("4 GiB", "profile 'laptop'")
    assert shown["executions.time_limit"] == ("120 s", "default")


def test_internal_values_are_left_out_unless_set() -> None:
    assert "executions.max_images" not in values(read_configuration(None, {}))


def test_urls_are_hidden_because_they_may_have_a_password(path: Path) -> None:
    path.write_text('[store]\nurl = "postgresql://user:secret@host/database"\n')
    shown = values(read_configuration(path, {}))
    assert shown["store.url"] == ("(hidden)", f"{path}:2")
