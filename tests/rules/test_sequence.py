"""The laws of a follow-up's due time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from outreachd.rules.calendar import opening, zone
from outreachd.rules.model import Calendar, DelayUnit, Step
from outreachd.rules.places import calendar_at
from outreachd.rules.sequence import next_due, step_after, step_of
from tests.rosters import campaign

ALWAYS = Calendar(
    weekdays=frozenset(range(7)),
    start_min=0,
    end_min=1440,
    timezone=zone("Europe/Berlin"),
    holidays=frozenset(),
)
OFFICE = replace(ALWAYS, weekdays=frozenset(range(5)), start_min=540, end_min=1080)


def step(delay: int, unit: DelayUnit) -> Step:
    """Make a follow-up."""
    return Step(
        number=2, subject=None, text="t", html=None, delay=delay, delay_unit=unit
    )


def utc(text: str) -> datetime:
    """Read an ISO instant as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("delay", "unit", "expected"),
    [
        (30, DelayUnit.MINUTES, "2026-05-21T09:45:42"),
        (5, DelayUnit.HOURS, "2026-05-21T14:15:42"),
        (2, DelayUnit.DAYS, "2026-05-23T09:15:42"),
        (2, DelayUnit.WORKDAYS, "2026-05-25T09:15:42"),
    ],
)
def test_each_unit_counts_its_own_way(
    delay: int, unit: DelayUnit, expected: str
) -> None:
    """From a Thursday: minutes and hours are time, days are dates, workdays skip."""
    calendar = replace(ALWAYS, weekdays=frozenset(range(5)))
    if unit is DelayUnit.DAYS:
        calendar = ALWAYS
    due = next_due(utc("2026-05-21T09:15:42"), step(delay, unit), calendar)
    assert due == utc(expected)


def test_a_due_time_waits_for_the_window() -> None:
    """Two days after Thursday is Saturday: it waits for Monday morning."""
    due = next_due(utc("2026-05-21T09:00"), step(2, DelayUnit.DAYS), OFFICE)
    assert due == utc("2026-05-25T07:00")


def test_days_keep_the_hour_over_a_clock_change() -> None:
    """Process 69: 10:00 in winter and three days on 10:00 in summer, 71 hours later."""
    delivered = utc("2026-03-27T09:00")
    for unit, day in ((DelayUnit.DAYS, "30"), (DelayUnit.WORKDAYS, "30")):
        n = 3 if unit is DelayUnit.DAYS else 1
        due = next_due(delivered, step(n, unit), OFFICE)
        assert due == utc(f"2026-03-{day}T08:00")


def test_workdays_skip_the_holidays_of_the_calendar() -> None:
    """One workday after Friday before Whit Monday is Tuesday."""
    calendar = replace(OFFICE, holidays=frozenset({date(2026, 5, 25)}))
    due = next_due(utc("2026-05-22T09:00"), step(1, DelayUnit.WORKDAYS), calendar)
    assert due == utc("2026-05-26T09:00")


def test_workdays_skip_the_holidays_of_the_recipients_country() -> None:
    """One workday after the eve of Epiphany: Bavaria rests on it, Berlin does not."""
    calendar, eve = replace(OFFICE, holidays=None), utc("2026-01-05T10:00")
    due = {
        place: next_due(
            eve,
            step(1, DelayUnit.WORKDAYS),
            calendar_at(calendar, f"Europe/Berlin {place}"),
        )
        for place in ("DE-BY", "DE-BE")
    }
    assert due == {"DE-BY": utc("2026-01-07T10:00"), "DE-BE": utc("2026-01-06T10:00")}


def test_days_follow_the_recipients_clock_where_the_campaign_does() -> None:
    """10:00 in New York stays 10:00 there when its clocks change."""
    calendar = calendar_at(replace(ALWAYS, timezone=None), "America/New_York")
    due = next_due(utc("2026-03-07T15:00"), step(1, DelayUnit.DAYS), calendar)
    assert due == utc("2026-03-08T14:00")


def test_no_follow_up_is_due_before_its_letter() -> None:
    """Process 69: a delay of nothing in the second pass of an hour stays there."""
    delivered = utc("2026-10-25T01:30")
    assert next_due(delivered, step(0, DelayUnit.DAYS), ALWAYS) == delivered


@pytest.mark.parametrize("seed", range(10))
def test_a_due_time_is_always_inside_the_window_and_never_early(seed: int) -> None:
    """Any delay in any unit, through all the clock changes of seven years."""
    dice = Random(seed)
    zones = [zone(n) for n in ("Europe/Berlin", "Africa/Cairo", "America/Nuuk")]
    for _ in range(100):
        delivered = utc("2024-01-01") + timedelta(minutes=dice.randrange(3_600_000))
        unit = dice.choice(list(DelayUnit))
        calendar = replace(OFFICE, timezone=dice.choice([None, *zones]))
        due = next_due(delivered, step(dice.randrange(20), unit), calendar)
        assert due >= delivered
        assert opening(due, calendar) == due


def test_a_number_means_a_letter_of_the_campaign() -> None:
    """0 asks for a yes, 1.. are the sequence; nothing follows a question or the end."""
    question = step(0, DelayUnit.MINUTES)
    first, second = step(0, DelayUnit.MINUTES), step(2, DelayUnit.DAYS)
    whole = campaign(steps=(first, second), confirmation=question)
    assert [step_of(whole, n) for n in range(4)] == [question, first, second, None]
    assert [step_after(whole, n) for n in range(4)] == [None, second, None, None]
    assert step_of(campaign(), 0) is None
