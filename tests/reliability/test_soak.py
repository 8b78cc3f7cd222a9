"""A short soak run leaves nothing behind. `make soak` takes longer."""

from pathlib import Path

import pytest

from tests.soak.run import soak

SECONDS = 40
"""Seconds of work. Warming up, and until all of it is forgotten, takes as long again."""


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_short_soak_leaks_nothing(tmp_path: Path) -> None:
    found = await soak(SECONDS, tmp_path)
    assert found.leaks() == [], found.table()
