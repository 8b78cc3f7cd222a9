"""Calls of the Docker Engine that aiodocker has no public method for.

aiodocker's own call for the version has the API's version in its path, which the engine proxy
refuses. It has no call to update a container, and none for a ping.
"""

from collections.abc import Mapping
from typing import Any

from aiodocker import Docker


async def fetch_engine_version(docker: Docker) -> dict[str, Any]:
    """Return the answer of `GET /version`."""
    version: dict[str, Any] = await docker._query_json("version", versioned_api=False)  # noqa: SLF001
    return version


async def update_container(docker: Docker, name: str, limits: Mapping[str, Any]) -> None:
    """Change the limits of a container that runs. Raises DockerError."""
    await docker._query_json(  # noqa: SLF001
        f"containers/{name}/update", method="POST", data=limits
    )


async def ping_engine(docker: Docker) -> None:
    """Call `GET /_ping`. Raises DockerError if the engine refuses it."""
    async with docker._query("_ping", versioned_api=False):  # noqa: SLF001
        return
