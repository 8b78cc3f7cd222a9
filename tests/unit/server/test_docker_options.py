"""The container's options, whole: a change here is a change of what hostile code may do."""

from pathlib import Path

import pytest

from cellblock_server.backends.backend import Overhead, SandboxLimits, SandboxSpec
from cellblock_server.backends.docker.options import MASKED, Profiles, container_options
from cellblock_server.backends.folder import SandboxFolder
from cellblock_server.common.errors import WrongStateError

LIMITS = SandboxLimits(
    memory_bytes=1000,
    cpus=0.5,
    pids=64,
    data_bytes=10,
    tmp_bytes=20,
    home_bytes=2**25,
    open_files=256,
    file_bytes=30,
)


def test_everything_that_a_container_may_do() -> None:
    spec = SandboxSpec(
        "sbx_1", "image:1", "runsc", LIMITS, Overhead(100, 7), preload=("numpy", "pandas")
    )
    folder = SandboxFolder(Path("/state/run/sbx_1"))
    options = container_options(spec, folder, "here", ["--x"], Profiles("{}", None), 40123)
    flags = "rw,nosuid,nodev,noexec"
    owner = "uid=40123,gid=40123,mode=0700"
    assert options == {
        "Image": "image:1",
        "User": "40123:40123",
        "Hostname": "sandbox",
        "WorkingDir": "/mnt/data",
        "NetworkDisabled": True,
        "Cmd": ["--x", "--preload=numpy,pandas", "--memory-bytes=1000", "--pids=64"],
        "Labels": {
            "dev.cellblock.sandbox": "sbx_1",
            "dev.cellblock.instance": "here",
            "dev.cellblock.user": "40123",
        },
        "HostConfig": {
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true", "seccomp={}"],
            "ReadonlyRootfs": True,
            "MaskedPaths": list(MASKED),
            "IpcMode": "private",
            "CgroupnsMode": "private",
            "Runtime": "runsc",
            "Memory": 1100,
            "MemorySwap": 1100,
            "NanoCpus": 500_000_000,
            "PidsLimit": 71,
            "Ulimits": [
                {"Name": "nofile", "Soft": 256, "Hard": 256},
                {"Name": "fsize", "Soft": 30, "Hard": 30},
                {"Name": "core", "Soft": 1, "Hard": 1},
            ],
            "ShmSize": 64 * 2**20,
            "Tmpfs": {
                "/mnt/data": f"{flags},size=10,nr_inodes=1024,{owner}",
                "/tmp": f"{flags},size=20,nr_inodes=1024,{owner}",
                "/home/sandbox": f"{flags},size={2**25},nr_inodes=2048,{owner}",
                "/run/kernel": f"{flags},size={2**20},nr_inodes=1024,{owner}",
            },
            "Mounts": [
                mount("/state/run/sbx_1/agent", "/run/cellblock", read_only=False),
                mount("/state/run/sbx_1/inputs", "/mnt/inputs", read_only=True),
                mount("/state/run/sbx_1/hosts", "/etc/hosts", read_only=True),
            ],
            "RestartPolicy": {"Name": "no"},
            "LogConfig": {
                "Type": "local",
                "Config": {"max-size": "1m", "max-file": "1", "compress": "false"},
            },
        },
    }


APPARMOR = ["name=apparmor", "name=seccomp,profile=default"]
NO_APPARMOR = ["name=seccomp,profile=default", "name=cgroupns"]


def test_apparmor_applies_where_the_engine_has_it() -> None:
    assert Profiles.where(NO_APPARMOR, "{}", "").security_options() == ["seccomp={}"]
    assert Profiles.where(APPARMOR, "{}", "").security_options() == [
        "seccomp={}",
        "apparmor=docker-default",
    ]
    assert Profiles.where(APPARMOR, None, "mine").security_options() == ["apparmor=mine"]


def test_a_named_apparmor_profile_is_not_passed_over() -> None:
    with pytest.raises(WrongStateError, match="has no AppArmor") as caught:
        Profiles.where(NO_APPARMOR, "{}", "mine")
    assert caught.value.reason == "APPARMOR_MISSING"


def mount(source: str, target: str, *, read_only: bool) -> dict[str, object]:
    return {
        "Type": "bind",
        "Source": source,
        "Target": target,
        "ReadOnly": read_only,
        "BindOptions": {"Propagation": "rprivate"},
    }
