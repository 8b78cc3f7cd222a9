"""The agent describes what is installed where it runs."""

import platform
from importlib.metadata import version

from tests.support.agent import RunningAgent


async def test_the_description_has_the_installed_packages(agent: RunningAgent) -> None:
    found = await agent.connection.describe_image()
    assert found.python_version == platform.python_version()
    packages = {package.name.lower(): package.version for package in found.python_packages}
    assert packages["ipykernel"] == version("ipykernel")
    names = [package.name.lower() for package in found.python_packages]
    assert names == sorted(set(names))
    assert "bash" in found.programs
    assert found.system
