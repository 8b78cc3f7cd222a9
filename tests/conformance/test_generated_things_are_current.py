"""Generated code and pages: identical to what their generators write now."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent


def test_generated_code_matches_the_protos(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "generate_protos.py", tmp_path],
        check=True,
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
    )
    fresh = texts(tmp_path)
    committed = texts(ROOT / "proto" / "python")
    assert fresh.keys() == committed.keys(), "run `make proto`"
    assert [name for name in fresh if fresh[name] != committed[name]] == [], "run `make proto`"


def test_the_synchronous_client_matches_the_asynchronous_one(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "generate_sync_client.py"
    subprocess.run([sys.executable, script, tmp_path / "_sync"], check=True)
    fresh = texts(tmp_path / "_sync")
    committed = texts(ROOT / "client" / "cellblock_client" / "_sync")
    assert fresh.keys() == committed.keys(), "run `make client`"
    assert [name for name in fresh if fresh[name] != committed[name]] == [], "run `make client`"


@pytest.mark.parametrize(
    ("script", "document"),
    [
        ("generate_docs", "reference/configuration.md"),
        ("generate_image_docs", "reference/sandbox-image.md"),
        ("generate_cli_docs", "reference/cli.md"),
        ("generate_api_docs", "reference/api.md"),
        ("generate_client_docs", "reference/client.md"),
        ("generate_guarantees", "project/guarantees.md"),
    ],
)
def test_reference_pages_match_their_sources(script: str, document: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {script}; print({script}.reference(), end='')"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT / "scripts",
    )
    assert done.stdout == (ROOT / "docs" / document).read_text(), "run `make docs`"


def test_readme_contains_the_tested_example() -> None:
    example = (ROOT / "examples" / "quickstart.py").read_text()
    assert f"```python\n{example}```" in (ROOT / "README.md").read_text()


def test_protos_pass_buf_lint() -> None:
    done = subprocess.run(
        [BIN / "buf", "lint"], cwd=ROOT / "proto", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_imports_follow_the_layers() -> None:
    done = subprocess.run(
        [BIN / "lint-imports", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
