"""The laws of counting a day, and of knowing a window without asking twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from outreachd.rules.calendar import workday_closing, workday_opening
from outreachd.rules.meter import UNLIMITED, DayMeter, Hours
from outreachd.rules.model import Ramp
from outreachd.rules.records import Charge

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def meter(limit: int | None = 3, ramp: Ramp | None = None) -> DayMeter:
    return DayMeter(limit, ramp, UTC, now=NOON)


def spend(day: DayMeter, now: datetime, n: int = 1) -> None:
    for _ in range(n):
        day.reserve()
        day.settle(spent=True, now=now)


def test_a_day_grants_its_limit_and_then_waits_for_the_next() -> None:
    """What is under way counts; what came to nothing does not."""
    day = meter(2)
    day.reserve()
    spend(day, NOON)
    assert day.left(NOON) == 0
    assert day.wait_s(NOON) == 12 * 3600
    day.settle(spent=False, now=NOON)
    assert day.wait_s(NOON) == 0
    spend(day, NOON)
    assert day.left(NOON) == 0
    assert day.left(NOON + DAY / 2) == 2


def test_no_limit_is_none() -> None:
    """None = unlimited, as far as the ledger's column can count."""
    day = meter(None)
    assert day.left(NOON) == UNLIMITED
    assert not day.is_ramped


def test_a_letter_counts_on_the_day_it_ends() -> None:
    """A reservation over midnight is settled on the new day."""
    day = meter(1)
    day.reserve()
    tomorrow = NOON + DAY
    day.settle(spent=True, now=tomorrow)
    assert day.left(tomorrow) == 0
    assert day.charge(tomorrow) == Charge(tomorrow.date(), 1)


def test_a_day_is_as_long_as_it_is() -> None:
    """69: the 23-hour day ends an hour sooner."""
    at = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)  # local midnight before the change
    day = DayMeter(0, None, BERLIN, now=at)
    assert day.day.date == date(2026, 3, 29)
    assert day.wait_s(at) == 23 * 3600


def test_a_ramp_counts_days_with_sending_only() -> None:
    """Silence does not make the next day bolder."""
    day = meter(100, Ramp(start=10, end=40, days=4))
    assert (day.cap, day.is_ramped) == (10, True)
    spend(day, NOON, 5)
    assert day.left(NOON + DAY) == 20
    spend(day, NOON + DAY, 9)
    assert day.left(NOON + 2 * DAY) == 20
    spend(day, NOON + 2 * DAY, 10)
    assert day.left(NOON + 3 * DAY) == 30


def test_who_is_not_well_gets_a_part_and_no_step_of_the_ramp() -> None:
    """Slowed it keeps what was used; its full days do not count while it is slowed."""
    day = meter(100, Ramp(start=10, end=40, days=4))
    day.slow(0.5)
    assert day.charge(NOON).cap == 5
    spend(day, NOON, 5)
    assert day.left(NOON) == 0
    assert day.left(NOON + DAY) == 5
    assert day.warming == "warm-up day 1 of 4, held while it is not well"
    day.slow(1.0)
    assert (day.cap, day.warming) == (
        10,
        "warm-up day 1 of 4, the next when 5 are sent in a day",
    )


def test_without_a_limit_there_is_nothing_to_take_a_part_of() -> None:
    """What is not limited is not slowed, and no cap is ever raised."""
    day = meter(None)
    before = day.cap
    day.slow(0.25)
    assert day.cap == before


def test_after_a_rest_the_ramp_goes_back_by_the_days_rested() -> None:
    """Three days of rest are three steps; it never goes below its beginning."""
    day = meter(100, Ramp(start=10, end=40, days=4))
    day.begin(used=0, days_sent=50)
    day.step_back(timedelta(days=2, hours=1))
    assert (day.days_sent, day.cap) == (0, 10)


def test_what_a_ledger_remembers_is_where_it_begins() -> None:
    """Promise 4: used letters and days of sending are taken over."""
    day = meter(100, Ramp(start=10, end=40, days=4))
    day.begin(used=5, days_sent=2)
    assert (day.cap, day.left(NOON)) == (30, 25)


def test_a_new_limit_keeps_what_was_used() -> None:
    """Lowered below the use it grants nothing, raised again the rest."""
    day = meter(5)
    spend(day, NOON, 3)
    day.tune(2, None)
    assert day.wait_s(NOON) > 0
    day.tune(5, None)
    assert day.left(NOON) == 2


@pytest.mark.parametrize("hours", [-1, -13, -24, -47])
def test_a_clock_set_back_and_forward_grants_nothing(hours: int) -> None:
    """68: the spent day stays spent, however often the clock goes back and forth."""
    day = meter(3)
    spend(day, NOON, 3)
    for _ in range(5):
        assert day.left(NOON + timedelta(hours=hours)) == 0
        assert day.left(NOON) == 0
    assert day.charge(NOON + timedelta(hours=hours)).day == NOON.date()


def test_a_clock_that_was_far_ahead_does_not_stop_the_day_for_months() -> None:
    """Set back by a year it counts on the day it is; what was used stays used."""
    day = meter(3)
    spend(day, NOON)
    year_ago = NOON - timedelta(days=365)
    assert day.left(year_ago) == 2
    assert day.charge(year_ago).day == year_ago.date()


def test_hours_are_looked_up_once_a_window() -> None:
    """A thousand questions cost one look; a closing or a clock set back, another."""
    looks = []

    def opening(at: datetime) -> datetime:
        looks.append(at)
        return workday_opening(at, 540, 1080, UTC)

    hours = Hours(opening, lambda at: workday_closing(at, 540, 1080, UTC), NOON)
    for minute in range(300):
        assert hours.wait_s(NOON + timedelta(minutes=minute)) == 0
    assert len(looks) == 1
    assert hours.wait_s(NOON + timedelta(hours=6)) == 15 * 3600
    assert hours.wait_s(NOON + timedelta(hours=7)) == 14 * 3600
    assert len(looks) == 2
    assert hours.wait_s(NOON) == 0
    assert len(looks) == 3
