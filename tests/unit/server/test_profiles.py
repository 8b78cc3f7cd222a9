"""A profile chooses defaults; keys that are set override it."""

from pathlib import Path

import pytest

from cellblock_server.config import ConfigurationError, load
from cellblock_server.config.keys import all_keys
from cellblock_server.config.profiles import PROFILES, profile_value
from cellblock_server.sessions.stocks import pool_targets

pytestmark = pytest.mark.usefixtures("no_user_configuration")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_default_profile_changes_nothing() -> None:
    assert load(None, {}).model_dump() == load(None, {"profile": "team"}).model_dump()
    assert PROFILES["team"] == {}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_value_of_a_profile_is_used(profile: str) -> None:
    settings = load(None, {"profile": profile})
    used = 0
    for key in all_keys():
        wanted = profile_value(profile, key.path)
        if wanted is not None:
            value: object = settings
            for name in key.path:
                value = getattr(value, name)
            assert value == wanted, key.name
            used += 1
    assert used == sum(map(len, PROFILES[profile].values()))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_server_can_start_with_each_profile(profile: str) -> None:
    settings = load(None, {"profile": profile})
    assert [target.size for target in pool_targets(settings)] == [settings.pool.size]


def test_file_overrides_the_profile(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'profile = "laptop"\n[sessions]\nmax_sessions = 3\n'
        "[limits.memory_bytes]\ndefault = 300000000\n",
    )
    settings = load(path, {})
    assert settings.sessions.max_sessions == 3
    assert settings.limits.memory_bytes.default == 300_000_000
    assert settings.limits.memory_bytes.max == 4 * 2**30


def test_variable_chooses_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLBLOCK_PROFILE", "laptop")
    assert load(None, {}).sessions.max_sessions == 8


def test_flag_overrides_the_profile_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'profile = "server"\n')
    assert not load(path, {"profile": "laptop"}).auth.required


def test_server_profile_needs_keys() -> None:
    assert load(None, {"profile": "server"}).auth.required


def test_unknown_profile_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, '\nprofile = "cloud"\n')
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})
    assert str(caught.value) == (
        f"{path}:2: profile: must be 'laptop', 'team' or 'server', got 'cloud'"
    )
