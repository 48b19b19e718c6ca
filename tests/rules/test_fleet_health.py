"""The laws of health for a whole fleet: three weeks where the bench has ninety days.

``python -m tests.bench health`` prints its table, for ten seeds.
"""

from __future__ import annotations

import pytest

from tests.bench.health import Plan, Year

MOST_LETTERS = 200  # until a burning domain rests


@pytest.mark.parametrize(("seed", "outage_hour"), [(1, 0), (2, 12)])
def test_fires_rest_and_chance_and_outages_do_not(seed: int, outage_hour: int) -> None:
    """Three of forty burn, one receiver is down for a day: only the fires go out."""
    plan = Plan(days=19, fires=(7, 12), outage_day=16, outage_hour=outage_hour)
    found = Year(plan, seed).run()
    assert found.honest_days > 650
    assert found.wrongly_rested <= 1
    assert found.rested_by_outage == 0
    assert len(found.until_rest) == plan.burning
    assert max(found.until_rest) <= MOST_LETTERS
    assert found.relapses >= plan.burning
