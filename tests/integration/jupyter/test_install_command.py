"""`cellblock jupyter install` writes what Jupyter reads, and no secrets."""

import json
import sys
from pathlib import Path

import pytest

from tests.integration.cli.command import cellblock

OPTIONS = (
    *(
        "--name",
        "small",
        "--display-name",
        "Small",
        "--address",
        "localhost:1",
        "--network",
        "none",
    ),
    *("--limit", "memory_bytes=1073741824", "--limit", "cpus=0.5", "--time-limit", "10m"),
    *("--attach", "data", "--attach", "~/a.csv", "--keep-session", "--active-content"),
)


def test_the_kernel_json_has_the_given_options(jupyter_folder: Path, tmp_path: Path) -> None:
    done = cellblock("jupyter", "install", *OPTIONS, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    folder = jupyter_folder / "data" / "kernels" / "small"
    assert done.stdout == f"{folder}\n"
    written = json.loads((folder / "kernel.json").read_text())
    assert (written["display_name"], written["language"]) == ("Small", "python")
    assert written["argv"][0] == sys.executable
    assert written["metadata"]["kernel_provisioner"] == {
        "provisioner_name": "cellblock-provisioner",
        "config": {
            "address": "localhost:1",
            "network": "none",
            "limits": {"memory_bytes": 1073741824, "cpus": 0.5},
            "time_limit": 600.0,
            "attach": ["data", "~/a.csv"],
            "keep_session": True,
            "active_content": True,
        },
    }


@pytest.mark.parametrize("option", ["--inactivity-limit", "--lifetime"])
def test_the_inactivity_limit_has_its_former_name_too(
    jupyter_folder: Path, tmp_path: Path, option: str
) -> None:
    done = cellblock("jupyter", "install", "--name", "limited", option, "8h", cwd=tmp_path)
    assert done.returncode == 0
    text = (jupyter_folder / "data" / "kernels" / "limited" / "kernel.json").read_text()
    assert json.loads(text)["metadata"]["kernel_provisioner"]["config"] == {
        "inactivity_limit": 28800.0
    }


def test_no_key_is_written(jupyter_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("cb_secret")
    done = cellblock(
        "--api-key-file", "key", "jupyter", "install", "--name", "keyless", cwd=tmp_path
    )
    assert done.returncode == 0
    text = (jupyter_folder / "data" / "kernels" / "keyless" / "kernel.json").read_text()
    assert "cb_secret" not in text
    assert json.loads(text)["metadata"]["kernel_provisioner"]["config"] == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--limit", "ram=1"], "'ram' is not one of memory_bytes, cpus"),
        (["--limit", "pids=many"], "pids: 'many' is not a number"),
        (["--time-limit", "10"], "is not a number with s, m, h, d or w"),
        (["--name", "a name"], "--name"),
    ],
)
def test_an_invalid_option_is_named(
    jupyter_folder: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    done = cellblock("jupyter", "install", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())
