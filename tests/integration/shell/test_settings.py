"""Settings come from an option, a variable, the user's file, or are the default."""

import json
from pathlib import Path

import pytest

from cellblock_client.client import Session
from tests.integration.shell.conftest import Command


def write(home: Path, text: str) -> Path:
    path = home / ".config" / "cellblock" / "config.toml"
    path.write_text(text)
    return path


def shown(command: Command, *options: str, **variables: str) -> dict[str, tuple[object, str]]:
    done = command(*options, "config", "--json", **variables)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {item["key"]: (item["value"], item["source"]) for item in found}


def test_commands_use_the_address_in_the_file(
    command: Command, home: Path, address: str, session: Session
) -> None:
    write(home, f'[client]\naddress = "{address}"\noutput = "json"\n')
    (listed,) = [
        info
        for info in map(json.loads, command("sessions").stdout.splitlines())
        if info["id"] == session.id
    ]
    assert listed["state"] == "READY"
    assert "session" in command("sessions", "--no-json").stdout
    done = command("run", "-", stdin="print(6 * 7)")
    assert (done.returncode, done.stdout) == (0, "42\n")


def test_each_value_is_shown_with_its_source(command: Command, home: Path) -> None:
    path = write(home, '[client]\naddress = "file:1"\ntls = false\n')
    (home / "key").write_text("cbk_secret")
    found = shown(command, "--api-key-file", "key", CELLBLOCK_TLS_CA="ca.pem")
    assert found["address"] == ("file:1", str(path))
    assert found["tls"] == (False, str(path))
    assert found["api_key_file"] == ("key", "option")
    assert found["tls_ca"] == ("ca.pem", "CELLBLOCK_TLS_CA")
    assert found["output"] == (None, "default")
    found = shown(command, CELLBLOCK_ADDRESS="variable:1", CELLBLOCK_API_KEY="cbk_secret")
    assert found["address"] == ("variable:1", "CELLBLOCK_ADDRESS")
    assert found["api_key_file"] == ("(hidden)", "CELLBLOCK_API_KEY")


def test_the_file_is_in_the_xdg_folder(command: Command, home: Path) -> None:
    (home / "other" / "cellblock").mkdir(parents=True)
    (home / "other" / "cellblock" / "config.toml").write_text('[client]\naddress = "xdg:1"\n')
    assert shown(command, XDG_CONFIG_HOME=str(home / "other"))["address"][0] == "xdg:1"
    # A relative one does not count.
    assert shown(command, XDG_CONFIG_HOME="other")["address"][0] is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[client]\nadress = 'x'", "client.adress: there is no such key"),
        ("[client]\ntls = 'yes'", "client.tls: must be true or false, got 'yes'"),
        ("[client]\noutput = 'xml'", "output: must be one of text, json; got 'xml'"),
        ("client = 5", "client: must be a table"),
        ("[client", "Expected ']'"),
        ("[client]\napi_key_file = 'nothing'", "nothing: No such file or directory"),
    ],
)
def test_an_error_in_it_is_reported_in_one_line(
    command: Command, home: Path, text: str, problem: str
) -> None:
    write(home, text)
    done = command("sessions", "--address", "127.0.0.1:1")
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_server_ignores_the_clients_table(command: Command, home: Path) -> None:
    path = write(home, '[client]\naddress = "x"\n[server]\nlisten = "8.8.8.8:1"\n')
    done = command("serve", "--config", str(path))
    assert "8.8.8.8" in done.stderr
    assert "client" not in done.stderr
