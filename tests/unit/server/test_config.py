"""The configuration: sources of values, and errors that name them."""

from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.config import ConfigurationError, load

SECRET_URL = "postgresql://app:hunter2@db/x"


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Isolate the test from the machine's configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("CELLBLOCK_CONFIG", raising=False)


def write_config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_defaults_apply_without_a_configuration(tmp_path: Path) -> None:
    settings = load(None, {})
    assert settings.server.listen == "127.0.0.1:7711"
    assert settings.server.state_dir == tmp_path / "state" / "cellblock"
    assert settings.database_url.endswith("/state/cellblock/cellblock.db")


def test_flags_override_variables_which_override_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_config(
        tmp_path, '[server]\nlisten = "127.0.0.1:1"\n[executions]\ntime_limit = 1\ngrace = 3\n'
    )
    monkeypatch.setenv("CELLBLOCK_SERVER__LISTEN", "127.0.0.1:2")
    monkeypatch.setenv("CELLBLOCK_EXECUTIONS__TIME_LIMIT", "2")
    settings = load(path, {"server": {"listen": "127.0.0.1:3"}})
    assert settings.server.listen == "127.0.0.1:3"
    assert settings.executions.time_limit == timedelta(seconds=2)
    assert settings.executions.grace == timedelta(seconds=3)


def test_sizes_and_times_have_units(tmp_path: Path) -> None:
    path = write_config(
        tmp_path,
        '[limits.memory_bytes]\ndefault = "2 GiB"\n[sessions]\nidle_timeout = "PT10M"\n',
    )
    settings = load(path, {})
    assert settings.limits.memory_bytes.default == 2 * 2**30
    assert settings.sessions.idle_timeout == timedelta(minutes=10)


def test_config_file_is_read_from_the_given_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config" / "cellblock"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[log]\nlevel = "debug"\n')
    assert load(None, {}).log.level == "debug"
    other = write_config(tmp_path, '[log]\nlevel = "error"\n')
    monkeypatch.setenv("CELLBLOCK_CONFIG", str(other))
    assert load(None, {}).log.level == "error"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[executions]\n\ntime_limit = 0\n",
            ":3: executions.time_limit: must be at least 1000 microseconds, got 0 s",
        ),
        ("[executions]\ntimeuot = 1\n", ":2: executions.timeuot: there is no such key"),
        ("\n[exceutions]\ntimeout = 1\n", ":2: exceutions: there is no such key"),
        ('[limits]\nopen_files = "many"\n', ":2: limits.open_files: must be a valid integer"),
        (
            '[limits.memory_bytes]\ndefault = "64 GiB"\n',
            ":2: limits.memory_bytes.default: must be from min",
        ),
        (
            "[sessions]\ninactivity_limit = 900000\n",
            ":2: sessions.inactivity_limit: must be at most max_inactivity_limit",
        ),
        (
            '[server]\nlisten = "0.0.0.0:80"\n',
            ":2: server.listen: '0.0.0.0' is not a loopback address: anyone who reaches it could "
            "run code, or read what is sent; set auth.required = true, server.tls_certificate, "
            "server.tls_key",
        ),
        (
            '[auth]\nrequired = true\n[server]\nlisten = "[::]:80"\n',
            ":4: server.listen: '[::]' is not a loopback address: anyone who reaches it could "
            "run code, or read what is sent; set server.tls_certificate, server.tls_key",
        ),
        (
            '[server]\nlisten = "example.com:80"\ntls_certificate = "c"\ntls_key = "k"\n',
            ":2: server.listen: 'example.com' is not a loopback address: anyone who reaches it "
            "could run code, or read what is sent; set auth.required = true",
        ),
        ('[server]\ntls_key = "k"\n', ":2: server.tls_key: needs server.tls_certificate"),
        ('[server]\ntls_certificate = "c"\n', ":2: server.tls_certificate: needs server.tls_key"),
        ('[server]\ntls_client_ca = "c"\n', ":2: server.tls_client_ca: needs server.tls_cert"),
        ('[server]\nlisten = "nonsense"\n', ":2: server.listen: must be host:port or unix:/path"),
        ('[server]\nlisten = "unix:x"\n', ":2: server.listen: a socket's path must be absolute"),
        ('[store]\nurl = "mysql://x"\n', ":2: store.url: must be sqlite:///PATH, or postgresql://"),
        (
            '[store]\nurl = "postgresql://h/d"\nsynchronous = "full"\n',
            ":3: store.synchronous: is SQLite's; PostgreSQL has synchronous_commit",
        ),
        ("[log\n", ":1: "),
    ],
)
def test_errors_name_key_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = write_config(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})
    assert str(caught.value).startswith(f"{path}{message}")


def test_all_errors_are_reported_together(tmp_path: Path) -> None:
    path = write_config(tmp_path, "[executions]\ntime_limit = 0\ngrace = 0\n")
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})
    assert len(str(caught.value).splitlines()) == 2


def test_errors_name_variables_and_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLBLOCK_FILES__MAX_UPLOAD_BYTES", "much")
    with pytest.raises(ConfigurationError) as caught:
        load(None, {"sandbox": {"backend": "podman"}})
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("--backend: sandbox.backend: must be 'docker' or 'local'")
    assert lines[1].startswith("CELLBLOCK_FILES__MAX_UPLOAD_BYTES: files.max_upload_bytes: ")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CELLBLOCK_SANDBOX__PRELOAD", "numpy", "sandbox.preload: must be a valid list, got"),
        ("CELLBLOCK_LIMITS__CPUS", "2", "limits.cpus: must be a valid dictionary"),
        ("CELLBLOCK_SERVER", "x", "server: must be a valid dictionary"),
        ("CELLBLOCK_EXCEUTIONS__TIMEOUT", "1", "there is no such section"),
        ("CELLBLOCK_EXECUTIONS__TIMEUOT", "1", "executions.timeuot: there is no such key"),
        (
            "cellblock_executions__time_limit",
            "20m",
            "executions.time_limit: must be a valid timedelta",
        ),
    ],
)
def test_wrong_variable_is_named(
    variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        load(None, {})
    assert str(caught.value).startswith(f"{variable}: {message}")


def test_variables_have_lists_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLBLOCK_SANDBOX__PRELOAD", '["numpy"]')
    assert load(None, {}).sandbox.preload == ["numpy"]


def test_unrelated_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLBLOCK_ADDRESS", "127.0.0.1:7711")
    load(None, {})


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing\.toml: No such file"):
        load(tmp_path / "nothing.toml", {})


@pytest.mark.parametrize(
    ("text", "variable", "place"),
    [
        (f'[store]\nurl = ["{SECRET_URL}"]\n', None, "{path}:2: store.url"),
        (f'store = "{SECRET_URL}"\n', None, "{path}:1: store"),
        ("", ("CELLBLOCK_STORE", SECRET_URL), "CELLBLOCK_STORE: store"),
        (f'blobs = ["{SECRET_URL}"]\n', None, "{path}:1: blobs"),
    ],
)
def test_error_does_not_repeat_a_value_that_may_have_a_password(
    text: str,
    variable: tuple[str, str] | None,
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable is not None:
        monkeypatch.setenv(*variable)
    path = write_config(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})
    assert str(caught.value).startswith(f"{place.format(path=path)}: must be a valid ")
    assert "got a value of type " in str(caught.value)
    assert "hunter2" not in str(caught.value)
