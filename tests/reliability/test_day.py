"""A compressed day of a server: it ends in the same process, and nothing is left of the day.

`make day` has more days, and a laptop's as well.
"""

from pathlib import Path

import pytest

from tests.day.run import TEAM, live_days


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_team_day_leaves_nothing_and_ends_nothing(tmp_path: Path) -> None:
    day = await live_days(TEAM, 1, tmp_path)
    assert day.problems() == [], day.table()
