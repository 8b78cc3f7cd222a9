"""Problems that the doctor finds with Docker Engine, each with its fix."""

from pathlib import Path

import pytest

from cellblock_server.config import Settings, load
from cellblock_server.ops.doctor.engine import engine_findings
from cellblock_server.ops.doctor.finding import Finding, Level
from tests.support.images import CORE


def settings(**sandbox: object) -> Settings:
    return load(None, {"sandbox": {"image": CORE, **sandbox}})


async def found(asked: Settings) -> dict[str, Finding]:
    return {one.check: one async for one in engine_findings(asked)}


async def test_this_engine_has_no_problems() -> None:
    findings = await found(settings())
    assert [one for one in findings.values() if one.level is Level.PROBLEM] == []
    assert {"engine", "engine socket", "limits", "seccomp", "runtime", "image"} <= findings.keys()
    assert findings["image"].level is Level.OK


async def test_an_image_that_is_not_there_is_a_problem() -> None:
    image = (await found(settings(image="nowhere:1")))["image"]
    assert (image.level, image.message) == (Level.PROBLEM, "nowhere:1 is not on the engine")
    assert "make images" in image.advice


async def test_an_image_of_another_release_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellblock_server.ops.doctor.engine.version", lambda: "99.0")
    image = (await found(settings()))["image"]
    assert (image.level, "99.0" in image.message) == (Level.WARNING, True)


async def test_a_runtime_that_is_not_registered_is_a_problem() -> None:
    assert (await found(settings(runtime="nope")))["runtime"].level is Level.PROBLEM


async def test_an_engine_that_is_not_there_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    findings = await found(settings())
    assert findings["engine"].level is Level.PROBLEM
    assert "start the engine" in findings["engine socket"].advice
