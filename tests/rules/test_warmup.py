"""The laws of the warm-up ramp."""

import pytest

from outreachd.rules.model import Ramp
from outreachd.rules.warmup import (
    daily_allowance,
    day_counts,
    slowed,
    steps_after_rest,
    warming,
)

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


@pytest.mark.parametrize(
    ("used", "cap", "share", "counts"),
    [(0, 0, 1.0, False), (4, 10, 1.0, False), (5, 10, 1.0, True), (9, 9, 0.5, False)],
)
def test_a_day_counts_when_half_of_it_was_really_sent(
    used: int, cap: int, share: float, counts: bool
) -> None:
    """An idle day and a tired one hold the ramp."""
    assert day_counts(used, cap, share) is counts


@pytest.mark.parametrize(
    ("before", "rested", "since", "left"),
    [(10, 3.0, 0, 7), (10, 2.1, 4, 11), (200, 30.0, 0, 13), (2, 5.0, 1, 1)],
)
def test_a_rest_steps_a_ramp_back(
    before: int, rested: float, since: int, left: int
) -> None:
    """By the days rested, a week at most; from its end, if it was over."""
    assert steps_after_rest(before, rested, since, 21) == left


def test_health_leaves_a_part_but_not_nothing() -> None:
    """A mailbox of three a day comes back by one, or it never would."""
    assert [slowed(40, 0.25), slowed(3, 0.25), slowed(3, 0), slowed(0, 0.5)] == [
        10,
        1,
        0,
        0,
    ]


def test_where_a_ramp_stands_is_said_in_words() -> None:
    """Day, length, and what the next step takes; nothing at its end."""
    ramp = Ramp(start=10, end=40, days=21)
    assert warming(ramp, 4, 16, 1.0) == (
        "warm-up day 5 of 21, the next when 8 are sent in a day"
    )
    assert warming(ramp, 20, 40, 1.0) == warming(None, 0, 40, 1.0) == ""
