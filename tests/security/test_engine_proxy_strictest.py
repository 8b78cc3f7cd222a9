"""A proxy with the operator's strictest options: the server can't leave out any of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cellblock_server.backends.docker.options import Profiles, container_options
from cellblock_server.backends.docker.seccomp import OURS, load_profile
from cellblock_server.backends.sandbox import SandboxLimits, SandboxSpec
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.common.ids import new_id
from tests.support.deployment import Folders, call, folders, proxy
from tests.support.images import CORE

MIB = 2**20
LIMITS = SandboxLimits(256 * MIB, 0.5, 64, MIB, MIB, MIB, 512, MIB)
"""Just what the proxy allows."""
Change = Callable[[SandboxSpec], SandboxSpec]


def limited(**values: Any) -> Change:
    return lambda spec: replace(spec, limits=replace(spec.limits, **values))


REFUSED: dict[str, tuple[Change, str]] = {
    "no runtime": (lambda spec: replace(spec, runtime=""), "Runtime is missing"),
    "runc": (lambda spec: replace(spec, runtime="runc"), "HostConfig: Runtime is not allowed"),
    "memory": (limited(memory_bytes=256 * MIB + 1), "HostConfig: Memory"),
    "processes": (limited(pids=65), "HostConfig: PidsLimit: is more than"),
    "CPU": (limited(cpus=0.6), "HostConfig: NanoCpus: is more than"),
    "open files": (limited(open_files=513), "HostConfig: Ulimits is not allowed"),
    "a file": (limited(file_bytes=MIB + 1), "HostConfig: Ulimits is not allowed"),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    state = tmp_path_factory.mktemp("state")
    values = {
        "STATE_DIR": state,
        "RUNTIMES": "runsc",
        "APPARMOR": "strict",
        "SANDBOX_USERS": "50000-50009",
        "MAX_MEMORY_BYTES": 256 * MIB,
        "MAX_PIDS": 64,
        "MAX_CPUS": 0.5,
        "MAX_OPEN_FILES": 512,
        "MAX_FILE_BYTES": MIB,
    }
    options = [f"--env=CELLBLOCK_{name}={value}" for name, value in values.items()]
    with folders() as made, proxy(made, *options):
        yield Folders(made.root, Path(state))


def create(
    own: Folders, change: Change, apparmor: str | None = "strict", user: int = 50000
) -> tuple[int, str]:
    spec = change(SandboxSpec(new_id("sbx_"), CORE, "runsc", LIMITS))
    folder = SandboxFolder(own.state / "run" / spec.id)
    profiles = Profiles(seccomp=load_profile(OURS), apparmor=apparmor)
    body = container_options(spec, folder, new_id(""), [], profiles, user)
    path = f"/v1.41/containers/create?name=cellblock-{spec.id}"
    status, said = call(own, "POST", path, json.dumps(body))
    if status == 201:
        call(own, "DELETE", f"/v1.41/containers/cellblock-{spec.id}?force=true&v=true")
    return status, str(said.get("message", ""))


def test_options_that_the_operator_allows_are_forwarded(own: Folders) -> None:
    """Docker Engine answers, whether or not it has this runtime."""
    status, said = create(own, lambda spec: spec)
    assert status != 403, said


@pytest.mark.parametrize("name", REFUSED)
def test_options_beyond_the_operators_are_refused(own: Folders, name: str) -> None:
    change, words = REFUSED[name]
    status, said = create(own, change)
    assert status == 403
    assert said.startswith(f"the engine proxy does not allow this: {words}")


@pytest.mark.parametrize("user", [40000, 49999, 50010])
def test_other_users_are_refused(own: Folders, user: int) -> None:
    status, said = create(own, lambda spec: spec, user=user)
    assert status == 403
    assert "User is not among those that the operator allows" in said


def test_the_operators_apparmor_profile_may_not_be_left_out(own: Folders) -> None:
    status, said = create(own, lambda spec: spec, apparmor=None)
    assert status == 403
    assert "the AppArmor profile that the operator asks for is missing" in said


def test_an_invalid_bound_refuses_everything() -> None:
    with folders() as made, proxy(made, "--env=CELLBLOCK_MAX_PIDS=many"):
        status, said = create(made, lambda spec: replace(spec, runtime=""), None, 40000)
        assert status == 403
        assert "PidsLimit: is more than the 0 that the operator allows" in said
