"""A password comes from the URL, a file or libpq's variable, and is never logged or shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_server.common.errors import UnavailableError
from cellblock_server.config import ConfigurationError, load
from cellblock_server.store.opening import open_database
from cellblock_server.store.state_folder import shared_state_folder
from tests.support.postgresql import PASSWORD, Cluster
from tests.support.server import ServerProcess

BACKEND = {"CELLBLOCK_SANDBOX__BACKEND": "local"}
WRONG = "wrong-sesame"


def given(cluster: Cluster, name: str, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Return the environments that give the same password in each of the ways."""
    bare = cluster.tcp_url(name, password=None)
    yield (
        "url",
        {"CELLBLOCK_STORE__URL": bare.set(password=PASSWORD).render_as_string(hide_password=False)},
    )
    yield "parameter", {"CELLBLOCK_STORE__URL": f"{bare.render_as_string()}?password={PASSWORD}"}
    file = folder / "password"
    file.write_text(f"{PASSWORD}\n")
    yield (
        "file",
        {
            "CELLBLOCK_STORE__URL": bare.render_as_string(),
            "CELLBLOCK_STORE__PASSWORD_FILE": str(file),
        },
    )
    yield "variable", {"CELLBLOCK_STORE__URL": bare.render_as_string(), "PGPASSWORD": PASSWORD}


def test_the_password_is_in_no_command_line_and_no_log(
    cluster: Cluster, name: str, tmp_path: Path
) -> None:
    environment = dict(given(cluster, name, tmp_path))["url"]
    # With an interpreter of its own, the process has its own command line.
    server = ServerProcess(tmp_path, {**BACKEND, **environment}, own_interpreter=True)
    server.start()
    try:
        assert PASSWORD not in Path(f"/proc/{server.pid}/cmdline").read_text()
    finally:
        server.stop()
    assert PASSWORD not in server.log.read_text()


@pytest.mark.parametrize("way", ["url", "parameter", "file", "variable"])
async def test_the_password_is_used(
    cluster: Cluster, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    for variable, value in dict(given(cluster, name, tmp_path))[way].items():
        monkeypatch.setenv(variable, value)
    database = await open_database(load(None, {}), shared_state_folder(tmp_path / "state"))
    await database.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://cellblock:{word}@127.0.0.1:{port}/{name}",
        "postgresql://cellblock@127.0.0.1:{port}/{name}?password={word}",
        "postgresql://cellblock:{word}@127.0.0.1:port/{name}",
        "postgres://cellblock:{word}@127.0.0.1:{port}/{name}",
        "postgresql://cellblock:{word}/@127.0.0.1:{port}/{name}",
        "postgresql://cellblock:{word}@127.0.0.1:{port}/{name}?no_such_parameter=1",
    ],
)
async def test_a_wrong_password_is_not_logged(
    cluster: Cluster, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    filled = url.format(word=WRONG, port=cluster.port, name=name)
    monkeypatch.setenv("CELLBLOCK_STORE__URL", filled)
    with pytest.raises((ConfigurationError, UnavailableError)) as caught:
        await open_database(load(None, {}), shared_state_folder(tmp_path / "state"))
    assert "store.url: " in str(caught.value)
    assert WRONG not in str(caught.value)


async def test_a_missing_password_file_is_named(
    cluster: Cluster, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLBLOCK_STORE__URL", cluster.tcp_url(name).render_as_string())
    monkeypatch.setenv("CELLBLOCK_STORE__PASSWORD_FILE", str(tmp_path / "nothing"))
    with pytest.raises(UnavailableError, match=r"password_file: .*nothing: No such file"):
        await open_database(load(None, {}), shared_state_folder(tmp_path / "state"))
