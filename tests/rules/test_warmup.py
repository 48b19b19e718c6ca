"""The laws of the warm-up ramp."""

import pytest

from outreachd.rules.model import Ramp
from outreachd.rules.warmup import daily_allowance

RAMP = Ramp(start=10, end=40, days=21)


def test_without_a_ramp_the_limit_holds_from_the_first_day() -> None:
    """No ramp, no slowing down."""
    assert daily_allowance(40, None, 0) == 40


@pytest.mark.parametrize(
    ("days_sent", "cap"), [(0, 10), (1, 11), (10, 25), (19, 38), (20, 40), (500, 40)]
)
def test_the_default_ramp_day_by_day(days_sent: int, cap: int) -> None:
    """Ten on the first day, forty from the 21st on, a straight line between."""
    assert daily_allowance(100, RAMP, days_sent) == cap


def test_a_ramp_never_exceeds_the_limit() -> None:
    """A limit lowered by hand wins over any ramp."""
    assert [daily_allowance(12, RAMP, day) for day in (0, 5, 50)] == [10, 12, 12]


@pytest.mark.parametrize("days", [1, 2, 28])
def test_a_ramp_grows_with_every_day_sent_and_stays_between_its_ends(days: int) -> None:
    """No day of sending makes tomorrow's cap smaller."""
    ramp = Ramp(start=15, end=400, days=days)
    caps = [daily_allowance(1000, ramp, day) for day in range(days + 3)]

    assert caps == sorted(caps)
    assert caps[days - 1 :] == [400] * 4
    assert days == 1 or caps[0] == 15
