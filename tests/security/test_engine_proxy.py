"""The proxy allows a compromised server only few requests to Docker Engine."""

import json
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cellblock_server.backends.docker.options import MASKED, Profiles, container_options
from cellblock_server.backends.docker.seccomp import OURS, load_profile
from cellblock_server.backends.sandbox import SandboxLimits, SandboxSpec
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.common.ids import new_id
from tests.support.deployment import Folders, call, folders, proxy
from tests.support.engine import docker, inspect
from tests.support.images import CORE

API = "/v1.41"
USER = 40001
MIB = 2**20
LIMITS = SandboxLimits(256 * MIB, 1.0, 128, MIB, MIB, MIB, 1024, MIB)
NEW_LIMITS = {
    "Memory": 512 * MIB,
    "MemorySwap": 512 * MIB,
    "NanoCpus": 5 * 10**8,
    "PidsLimit": 64,
}
PROFILE = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}
Body = dict[str, Any]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    """Folders with a proxy on them; the state is a folder that this process can write to."""
    profile = tmp_path_factory.mktemp("profile") / "profile.json"
    profile.write_text(json.dumps(PROFILE, indent=2))
    profile.chmod(0o644)
    state = tmp_path_factory.mktemp("state")
    with (
        folders() as made,
        proxy(
            made,
            f"--env=CELLBLOCK_STATE_DIR={state}",
            f"--volume={profile}:/etc/engine-proxy/seccomp/own.json:ro",
        ),
    ):
        yield Folders(made.root, state)


@pytest.fixture
def sandbox(own: Folders) -> Iterator[str]:
    """Id of a sandbox that is to be: its folders are there."""
    sandbox_id = new_id("sbx_")
    folder = SandboxFolder.create(own.state / "run", sandbox_id, "token")
    yield sandbox_id
    call(own, "DELETE", f"{API}/containers/cellblock-{sandbox_id}?force=true&v=true")
    folder.remove()


@pytest.fixture
def body(own: Folders, sandbox: str) -> Body:
    """The body with which the server creates a sandbox's container."""
    return options_of(own, SandboxSpec(sandbox, CORE, "", LIMITS))


def options_of(own: Folders, spec: SandboxSpec) -> Body:
    folder = SandboxFolder(own.state / "run" / spec.id)
    profiles = Profiles(seccomp=load_profile(OURS), apparmor=None)
    return container_options(spec, folder, new_id(""), ["--orphan-timeout=60"], profiles, USER)


@pytest.fixture
def stranger() -> Iterator[str]:
    """A container that does not belong to Cellblock."""
    name = f"cellblock-test-{secrets.token_hex(6)}"
    docker("create", f"--name={name}", "--network=none", CORE)
    yield name
    docker("rm", "--force", name)


def create(own: Folders, sandbox: str, body: Body | str) -> tuple[int, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return call(own, "POST", f"{API}/containers/create?name=cellblock-{sandbox}", text)


def update(own: Folders, sandbox: str, limits: Body) -> tuple[int, Any]:
    return call(own, "POST", f"{API}/containers/cellblock-{sandbox}/update", json.dumps(limits))


def test_calls_for_a_sandboxs_life_cycle_are_allowed(
    own: Folders, sandbox: str, body: Body
) -> None:
    name = f"{API}/containers/cellblock-{sandbox}"
    label = "%5B%22dev.cellblock.sandbox%22,%22dev.cellblock.instance%3Dx%22%5D"
    for status, method, path in (
        (200, "GET", "/_ping"),
        (200, "GET", "/version"),
        (200, "GET", f"{API}/containers/json?filters=%7B%22label%22:{label}%7D&all=true"),
        (204, "POST", f"{name}/start"),
        (200, "GET", f"{API}/info"),
        (200, "GET", f"{name}/json"),
        (200, "GET", f"{name}/stats?stream=false"),
        (200, "GET", f"{name}/logs?stdout=1&stderr=1&follow=0&tail=50"),
        (204, "DELETE", f"{name}?force=true&v=true"),
    ):
        if path.endswith("/start"):
            assert create(own, sandbox, body)[0] == 201
        assert call(own, method, path)[0] == status, path


CALLS = [
    ("POST", "{own}/exec"),
    ("POST", "/exec/x/start"),
    ("POST", "{own}/attach?stream=1"),
    ("GET", "{own}/attach/ws"),
    ("GET", "{own}/archive?path=/"),
    ("PUT", "{own}/archive?path=/"),
    ("GET", "{own}/export"),
    ("GET", "{own}/logs?stdout=1"),
    ("GET", "{own}/logs?stdout=1&stderr=1&follow=1&tail=50"),
    ("POST", "{own}/update?x=1"),
    ("POST", "{own}/rename?name=x"),
    ("POST", "{own}/kill"),
    ("POST", "{own}/json"),
    ("DELETE", "{own}?force=true&v=true&link=true"),
    ("POST", "/v1.20{own_bare}/start"),
    ("POST", "/v1.41/build"),
    ("POST", "/v1.41/commit?container=x"),
    ("POST", "/v1.41/images/load"),
    ("POST", "/v1.41/images/create?fromImage=debian"),
    ("GET", "/v1.41/images/json"),
    ("DELETE", "/v1.41/images/x"),
    ("POST", "/v1.41/volumes/create"),
    ("GET", "/v1.41/volumes"),
    ("POST", "/v1.41/networks/create"),
    ("POST", "/v1.41/networks/bridge/connect"),
    ("POST", "/v1.41/swarm/init"),
    ("POST", "/v1.41/services/create"),
    ("GET", "/v1.41/secrets"),
    ("POST", "/v1.41/plugins/pull"),
    ("POST", "/v1.41/session"),
    ("GET", "/v1.41/events"),
    ("GET", "/v1.41/system/df"),
    ("GET", "/v1.41/containers/json?all=true"),
    ("GET", "/v1.41/containers/json?filters=%7B%22label%22:%5B%5D%7D&all=true"),
    ("POST", "/v1.41/containers/create"),
    ("POST", "/v1.41/containers/create?name={stranger}"),
    ("POST", "/v1.41/containers/create?name=cellblock-sbx_x&platform=x"),
    ("POST", "/v1.41/containers/prune"),
    ("GET", "/v1.41/containers/{stranger}/json"),
    ("POST", "/v1.41/containers/{stranger}/start"),
    ("DELETE", "/v1.41/containers/{stranger}?force=true&v=true"),
    ("GET", "{own}/../{stranger}/json"),
    ("GET", "{own}/%2e%2e/{stranger}/json"),
    ("GET", "{own}%2f..%2f{stranger}/json"),
    ("GET", "//v1.41/containers/{stranger}/json"),
    ("GET", "{own}/json?size=1"),
    ("GET", "{own}/json#x"),
    ("GET", "http://other/v1.41/containers/{stranger}/json"),
    ("PATCH", "{own}/start"),
]


@pytest.mark.parametrize(("method", "path"), CALLS, ids=lambda value: str(value))
def test_other_calls_are_refused(own: Folders, method: str, path: str) -> None:
    bare = "/containers/cellblock-sbx_x"
    asked = path.format(own=f"{API}{bare}", own_bare=bare, stranger="stranger")
    status, said = call(own, method, asked, "{}" if method in ("POST", "PUT") else None)
    assert (status, said) == (403, {"message": "the engine proxy does not allow this call"})


def test_others_containers_are_untouched(own: Folders, stranger: str) -> None:
    assert call(own, "DELETE", f"{API}/containers/{stranger}?force=true&v=true")[0] == 403
    identity = inspect(stranger)["Id"]
    assert call(own, "DELETE", f"{API}/containers/{identity}?force=true&v=true")[0] == 403
    assert inspect(stranger)["State"]["Status"] == "created"


def in_host(**values: Any) -> Callable[[Body], None]:
    return lambda body: body["HostConfig"].update(values)


def without(*path: str) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        for key in path[:-1]:
            body = body[key]
        del body[path[-1]]

    return change


def mount(**values: Any) -> Callable[[Body], None]:
    return lambda body: body["HostConfig"]["Mounts"][0].update(values)


def hosts_file(**values: Any) -> Callable[[Body], None]:
    return lambda body: body["HostConfig"]["Mounts"][2].update(values)


def tmpfs(**values: int) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        options = body["HostConfig"]["Tmpfs"]
        for name, value in values.items():
            options["/tmp"] = re.sub(rf"\b{name}=\d+", f"{name}={value}", options["/tmp"])

    return change


def as_user(user: int) -> Callable[[Body], None]:
    """Return the body for a container with that user."""

    def change(body: Body) -> None:
        text = json.dumps(body)
        body.clear()
        body.update(json.loads(text.replace(str(USER), str(user))))

    return change


def ulimit(name: str, value: int) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        (limit,) = (one for one in body["HostConfig"]["Ulimits"] if one["Name"] == name)
        limit.update(Soft=value, Hard=value)

    return change


def one_more_mount(body: Body) -> None:
    body["HostConfig"]["Mounts"].append(
        {**body["HostConfig"]["Mounts"][0], "Source": "/", "Target": "/mnt/host"}
    )


def of_another_sandbox(body: Body) -> None:
    source = Path(body["HostConfig"]["Mounts"][0]["Source"])
    mount(Source=str(source.parent.parent / "sbx_other" / "agent"))(body)


NO_NEW = "no-new-privileges:true"
CONTAINERS: dict[str, Callable[[Body], None]] = {
    "privileged": in_host(Privileged=True),
    "privileged in small letters": in_host(privileged=True),
    "host config in small letters": lambda body: body.update(hostconfig={"Privileged": True}),
    "added capability": in_host(CapAdd=["SYS_ADMIN"]),
    "capabilities kept": in_host(CapDrop=[]),
    "capabilities not given": without("HostConfig", "CapDrop"),
    "device": in_host(Devices=[{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda"}]),
    "device rules": in_host(DeviceCgroupRules=["a *:* rwm"]),
    "host's network": in_host(NetworkMode="host"),
    "bridge": in_host(NetworkMode="bridge"),
    "another container's network": in_host(NetworkMode="container:x"),
    "network not given": without("HostConfig", "NetworkMode"),
    "network enabled": lambda body: body.update(NetworkDisabled=False),
    "network by the other key": lambda body: body.update(
        NetworkingConfig={"EndpointsConfig": {"bridge": {}}}
    ),
    "host's processes": in_host(PidMode="host"),
    "host's IPC": in_host(IpcMode="host"),
    "host's users": in_host(UsernsMode="host"),
    "host's control groups": in_host(CgroupnsMode="host"),
    "parent group": in_host(CgroupParent="/"),
    "bind": in_host(Binds=["/:/mnt/host"]),
    "volumes of another": in_host(VolumesFrom=["x"]),
    "mount of the host": mount(Source="/"),
    "mount of the engine's socket": mount(Source="/var/run/docker.sock"),
    "mount out of the state": mount(Source="/var/lib/cellblock/run/../../x"),
    "mount of another sandbox's folder": of_another_sandbox,
    "mount elsewhere": mount(Target="/opt/cellblock"),
    "hosts file that can be written": hosts_file(ReadOnly=False),
    "hosts file elsewhere": hosts_file(Target="/mnt/inputs"),
    "mount that propagates": mount(BindOptions={"Propagation": "rshared"}),
    "volume": mount(Type="volume"),
    "one more mount": one_more_mount,
    "inputs that can be written": lambda body: body["HostConfig"]["Mounts"][1].update(
        ReadOnly=False
    ),
    "no seccomp": in_host(SecurityOpt=[NO_NEW, "seccomp=unconfined"]),
    "another seccomp profile": in_host(
        SecurityOpt=[NO_NEW, 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']
    ),
    "a seccomp profile that is no JSON": in_host(SecurityOpt=[NO_NEW, "seccomp={"]),
    "no AppArmor": in_host(SecurityOpt=[NO_NEW, "apparmor=unconfined"]),
    "unmasked paths": in_host(SecurityOpt=[NO_NEW, "systempaths=unconfined"]),
    "new privileges": in_host(SecurityOpt=[]),
    "masked paths": in_host(MaskedPaths=[]),
    "root file system that can be written": in_host(ReadonlyRootfs=False),
    "no bound on memory": in_host(Memory=0),
    "swap without bound": in_host(MemorySwap=-1),
    "no bound on processes": in_host(PidsLimit=-1),
    "no bound on CPU": in_host(NanoCpus=0),
    "folder without size": lambda body: body["HostConfig"]["Tmpfs"].update({"/tmp": "rw"}),
    "folder over the system": lambda body: body["HostConfig"]["Tmpfs"].update(
        {"/etc": body["HostConfig"]["Tmpfs"]["/tmp"]}
    ),
    "logs elsewhere": in_host(LogConfig={"Type": "syslog", "Config": {}}),
    "started again by the engine": in_host(RestartPolicy={"Name": "always"}),
    "another runtime": in_host(Runtime="runc-unsafe"),
    "too much memory": in_host(Memory=2**50, MemorySwap=2**50),
    "swap": in_host(MemorySwap=512 * MIB),
    "too many processes": in_host(PidsLimit=10**6),
    "too many CPUs": in_host(NanoCpus=9 * 10**9),
    "too large a folder": tmpfs(size=2**50),
    "a folder with too many files": tmpfs(nr_inodes=10**6),
    "too much shared memory": in_host(ShmSize=2**30),
    "no limits of processes": in_host(Ulimits=[]),
    "core dumps": ulimit("core", 0),
    "too many open files": ulimit("nofile", 65536),
    "too large files": ulimit("fsize", 2**50),
    "the engine's seccomp profile": in_host(SecurityOpt=[NO_NEW]),
    "the engine's masked paths": in_host(MaskedPaths=["/proc/acpi", "/proc/kcore", "/proc/keys"]),
    "masked paths left to the engine": without("HostConfig", "MaskedPaths"),
    "sysctl": in_host(Sysctls={"kernel.shmmax": "1"}),
    "published port": in_host(PortBindings={"80/tcp": [{"HostPort": "80"}]}),
    "root": lambda body: body.update(User="0:0"),
    "another user": as_user(1000),
    "the server's user": as_user(10001),
    "root, everywhere": as_user(0),
    "another group": lambda body: body.update(User=f"{USER}:0"),
    "folders of another user": lambda body: body["HostConfig"]["Tmpfs"].update(
        {"/tmp": body["HostConfig"]["Tmpfs"]["/tmp"].replace(str(USER), "40002")}
    ),
    "another program": lambda body: body.update(Entrypoint=["/bin/sh"]),
    "environment": lambda body: body.update(Env=["LD_PRELOAD=/mnt/data/x"]),
    "way out by another host": lambda body: body.update(Env=["HTTP_PROXY=http://10.0.0.1:3128"]),
    "another image": lambda body: body.update(Image="debian:bookworm"),
    "image with our name in it": lambda body: body.update(Image="x/cellblock-sandbox:0.1.0"),
    "label of another": lambda body: body["Labels"].update({"com.docker.compose.project": "x"}),
    "label of another sandbox": lambda body: body["Labels"].update(
        {"dev.cellblock.sandbox": "sbx_other"}
    ),
    "inherited keys": lambda body: body.update(HostConfig={"__proto__": body["HostConfig"]}),
}


@pytest.mark.parametrize("change", CONTAINERS.values(), ids=CONTAINERS)
def test_other_containers_are_refused(
    own: Folders, sandbox: str, body: Body, change: Callable[[Body], None]
) -> None:
    change(body)
    status, said = create(own, sandbox, body)
    assert status == 403
    assert said["message"].startswith("the engine proxy does not allow this: ")


def test_a_profile_of_the_operators_is_allowed(own: Folders, sandbox: str, body: Body) -> None:
    in_host(SecurityOpt=[NO_NEW, f"seccomp={json.dumps(PROFILE)}"])(body)
    assert create(own, sandbox, body)[0] == 201


def test_egress_through_the_servers_proxy_is_allowed(own: Folders, sandbox: str) -> None:
    spec = SandboxSpec(sandbox, CORE, "", LIMITS, has_egress=True)
    assert create(own, sandbox, options_of(own, spec))[0] == 201


def test_more_may_be_masked_than_the_engine_masks(own: Folders, sandbox: str, body: Body) -> None:
    assert create(own, sandbox, body)[0] == 201
    docker("rm", "--force", f"cellblock-{sandbox}")
    in_host(MaskedPaths=[*MASKED, "/proc/uptime"])(body)
    assert create(own, sandbox, body)[0] == 201


def test_limits_may_be_changed(own: Folders, sandbox: str, body: Body) -> None:
    create(own, sandbox, body)
    assert update(own, sandbox, {**NEW_LIMITS})[0] == 200
    assert inspect(f"cellblock-{sandbox}")["HostConfig"]["PidsLimit"] == 64


@pytest.mark.parametrize(
    "change",
    [
        {"Memory": 0},
        {"PidsLimit": -1},
        {"Devices": []},
        {"RestartPolicy": {"Name": "always"}},
        {"Memory": 2**50, "MemorySwap": 2**50},
        {"MemorySwap": 1024 * MIB},
        {"PidsLimit": 10**6},
        {"NanoCpus": 10**12},
    ],
    ids=str,
)
def test_nothing_else_may_be_changed(own: Folders, sandbox: str, change: Body) -> None:
    assert update(own, sandbox, {**NEW_LIMITS, **change})[0] == 403


def test_limits_may_not_be_left_out(own: Folders, sandbox: str) -> None:
    assert update(own, sandbox, {"Memory": 512 * MIB})[0] == 403


def test_the_engine_reads_what_the_proxy_read(own: Folders, sandbox: str, body: Body) -> None:
    # The engine merges objects whose key comes twice; others take the last one.
    text = json.dumps(body)
    smuggled = '{"HostConfig": {"Privileged": true, "PidMode": "host"}, ' + text[1:]
    assert create(own, sandbox, smuggled)[0] == 201
    host = inspect(f"cellblock-{sandbox}")["HostConfig"]
    assert (host["Privileged"], host["PidMode"]) == (False, "")


def test_start_takes_no_configuration(own: Folders, sandbox: str, body: Body) -> None:
    create(own, sandbox, body)
    path = f"{API}/containers/cellblock-{sandbox}/start"
    assert call(own, "POST", path, json.dumps({"Privileged": True}))[0] == 204
    assert not inspect(f"cellblock-{sandbox}")["HostConfig"]["Privileged"]


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"HostConfig": null}', "x" * 1000])
def test_bodies_that_are_no_container_are_refused(own: Folders, sandbox: str, text: str) -> None:
    assert create(own, sandbox, text)[0] == 403


def test_a_body_is_bounded(own: Folders, sandbox: str) -> None:
    status, said = create(own, sandbox, " " * (2 * MIB))
    assert (status, list(said)) == (413, ["message"])


def test_the_proxy_itself_has_no_rights(own: Folders) -> None:
    (name,) = docker("ps", "--filter", f"volume={own.engine}", "--format", "{{.Names}}").split()
    status = docker("exec", name, "cat", "/proc/1/status")
    values = dict(line.split(":\t", 1) for line in status.splitlines())
    assert values["Uid"].split() == ["10002"] * 4
    assert values["CapBnd"].strip("0") == values["CapEff"].strip("0") == ""
