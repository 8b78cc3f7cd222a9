"""The server in an unprivileged container creates sandboxes through the engine proxy."""

from tests.support.deployment import SERVER_IMAGE, ServerContainer
from tests.support.engine import docker, inspect

PYTHON = "/opt/cellblock/venv/bin/python"


def test_the_server_container_runs_code(deployed: ServerContainer) -> None:
    assert deployed.neighbour("cellblock", "run", "-", text="print(6 * 7)") == "42\n"


def test_a_large_attachment_is_readable_in_the_sandbox(deployed: ServerContainer) -> None:
    # Past `files.small_file_bytes`: a hard link in a folder of the server's user.
    script = "head -c 70000000 /dev/zero >/tmp/large && exec cellblock run --attach /tmp/large -"
    code = "print(len(open('/mnt/data/large', 'rb').read()))"
    assert deployed.neighbour("sh", "-c", script, text=code) == "70000000\n"


def test_sessions_outlive_the_server(deployed: ServerContainer) -> None:
    session = deployed.neighbour("cellblock", "sessions", "create").strip()
    run = ("cellblock", "run", "--session", session, "-")
    deployed.neighbour(*run, text="x = 6 * 7")
    docker("kill", deployed.name)
    docker("start", deployed.name)
    deployed.wait_until_healthy()
    assert deployed.neighbour(*run, text="print(x)") == "42\n"
    deployed.neighbour("cellblock", "sessions", "delete", session)


def test_the_server_runs_unprivileged_and_can_change_nothing(deployed: ServerContainer) -> None:
    status = deployed.inside("cat", "/proc/1/status").stdout
    values = dict(line.split(":\t", 1) for line in status.splitlines())
    assert values["Uid"].split() == ["10001"] * 4
    assert values["Gid"].split() == ["10001"] * 4
    assert values["CapBnd"].strip("0") == values["CapEff"].strip("0") == ""
    assert values["NoNewPrivs"] == "1"
    written = deployed.inside("sh", "-c", "touch /opt/cellblock/x /etc/x /run/engine/x; echo end")
    assert (written.stdout, written.stderr.count("Read-only file system")) == ("end\n", 3)


def test_the_server_reaches_the_engine_only_through_the_proxy(deployed: ServerContainer) -> None:
    mounts = inspect(deployed.name)["Mounts"]
    assert not [mount for mount in mounts if mount["Source"].endswith("/var/run/docker.sock")]
    assert deployed.inside("ls", "/var/run/docker.sock").returncode != 0


def test_container_health_is_the_grpc_health(deployed: ServerContainer) -> None:
    check = (PYTHON, "-I", "-m", "cellblock_server.ops.healthcheck")
    assert inspect(deployed.name)["Config"]["Healthcheck"]["Test"] == ["CMD", *check]
    assert deployed.inside(*check).returncode == 0
    elsewhere = deployed.inside("env", "CELLBLOCK_SERVER__HEALTH_SOCKET=/tmp/x", *check)
    assert elsewhere.returncode == 1
    assert "UNAVAILABLE" in elsewhere.stderr


def test_the_server_container_can_not_reach_other_programs_or_users() -> None:
    tools = "import importlib.util; assert not importlib.util.find_spec('pip')"
    found = docker(
        "run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", SERVER_IMAGE, "-c",
        f'{PYTHON} -c "{tools}" && find / -xdev -perm /6000 -type f',
    )  # fmt: skip
    assert found == ""
