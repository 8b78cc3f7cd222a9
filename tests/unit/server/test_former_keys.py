"""Renamed or obsolete configuration keys still work, with a warning."""

from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.config import ConfigurationError, read_configuration
from cellblock_server.config.former_keys import RENAMED
from cellblock_server.config.keys import all_keys

KEYS = {key.name: key for key in all_keys()}


pytestmark = pytest.mark.usefixtures("no_user_configuration")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("former", "present"), RENAMED.items())
def test_former_name_sets_the_present_key(former: str, present: str, tmp_path: Path) -> None:
    section, key = former.split(".")
    path = write(tmp_path, f"[{section}]\n{key} = 3600\n")
    configuration = read_configuration(path, {})
    value = getattr(getattr(configuration.settings, section), present.partition(".")[2])
    assert value == timedelta(seconds=3600)
    assert configuration.warnings() == [
        f"{path}:2: {former}: was renamed to {present}; the value is used, change the name"
    ]


def test_former_name_in_a_variable_overrides_the_present_one_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "[sessions]\ninactivity_limit = 10\n")
    monkeypatch.setenv("CELLBLOCK_SESSIONS__LIFETIME", "20")
    configuration = read_configuration(path, {})
    assert configuration.settings.sessions.inactivity_limit == timedelta(seconds=20)
    (warning,) = configuration.warnings()
    assert warning.startswith("CELLBLOCK_SESSIONS__LIFETIME: sessions.lifetime: was renamed to")


def test_former_name_in_the_file_gives_no_warning_when_a_variable_overrides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "[sessions]\nlifetime = 10\n")
    monkeypatch.setenv("CELLBLOCK_SESSIONS__INACTIVITY_LIMIT", "20")
    configuration = read_configuration(path, {})
    assert configuration.settings.sessions.inactivity_limit == timedelta(seconds=20)
    assert configuration.warnings() == []


def test_source_is_where_the_value_comes_from_whatever_names_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "[sessions]\ninactivity_limit = 10\n")
    monkeypatch.setenv("CELLBLOCK_SESSIONS__LIFETIME", "20")
    configuration = read_configuration(path, {})
    (source,) = (
        value.source
        for value in configuration.effective_values()
        if value.key.name == "sessions.inactivity_limit"
    )
    assert source == "CELLBLOCK_SESSIONS__LIFETIME"


def test_error_names_the_variable_with_a_former_name_and_not_the_file_that_it_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "[sessions]\ninactivity_limit = 10\n")
    monkeypatch.setenv("CELLBLOCK_SESSIONS__LIFETIME", "long")
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path, {})
    assert str(caught.value).startswith(
        "CELLBLOCK_SESSIONS__LIFETIME: sessions.lifetime (now sessions.inactivity_limit): must be"
    )


def test_both_names_in_one_file_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "[sessions]\nlifetime = 10\ninactivity_limit = 20\n")
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path, {})
    assert str(caught.value) == (
        f"{path}:2: sessions.lifetime: was renamed to sessions.inactivity_limit, which is set as "
        "well: remove one of them"
    )


def test_error_names_the_key_as_it_was_written(tmp_path: Path) -> None:
    path = write(tmp_path, '[executions]\ntimeout = "20m"\n')
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path, {})
    assert str(caught.value).startswith(
        f"{path}:2: executions.timeout (now executions.time_limit): must be a valid timedelta"
    )


@pytest.mark.parametrize("name", [name for name, key in KEYS.items() if key.internal is not None])
def test_internal_value_can_still_be_set(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = KEYS[name]
    value: object = read_configuration(None, {}).settings
    for part in key.path:
        value = getattr(value, part)
    set_to = value.total_seconds() if isinstance(value, timedelta) else value
    variable = f"CELLBLOCK_{'__'.join(key.path).upper()}"
    monkeypatch.setenv(variable, str(set_to))
    (warning,) = read_configuration(None, {}).warnings()
    assert warning.startswith(f"{variable}: {name}: is ")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("executions.max_images", "3", "is fixed at 50 now"),
        ("limits.cpus.min", "0.2", "is derived now: 0.1, or `limits.cpus.default` if that is less"),
        ("sessions.start_parallelism", "3", "is chosen by `profile` now"),
    ],
)
def test_warning_says_where_the_value_comes_from_now(
    name: str, value: str, words: str, tmp_path: Path
) -> None:
    section, _, key = name.rpartition(".")
    path = write(tmp_path, f"[{section}]\n{key} = {value}\n")
    assert read_configuration(path, {}).warnings() == [
        f"{path}:2: {name}: {words}; your value is used, remove it if you can"
    ]


def test_value_that_was_set_is_used_instead_of_the_derived_one(tmp_path: Path) -> None:
    path = write(tmp_path, '[limits.memory_bytes]\nmin = "512 MiB"\n')
    assert read_configuration(path, {}).settings.limits.memory_bytes.min == 512 * 2**20


def test_smallest_limit_follows_a_smaller_default(tmp_path: Path) -> None:
    path = write(tmp_path, "[limits.cpus]\ndefault = 0.05\n")
    assert read_configuration(path, {}).settings.limits.cpus.min == 0.05


def test_wrong_key_does_not_blame_those_derived_from_it(tmp_path: Path) -> None:
    path = write(tmp_path, '[files]\nmax_upload_bytes = "much"\n')
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path, {})
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}:2: files.max_upload_bytes: ")


def test_present_keys_give_no_warning(tmp_path: Path) -> None:
    path = write(tmp_path, 'profile = "server"\n[sessions]\ninactivity_limit = 60\n')
    assert read_configuration(path, {}).warnings() == []
