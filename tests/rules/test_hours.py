"""The laws of telling hours: local, with the holiday's name, and both at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import inf
from random import Random
from zoneinfo import ZoneInfo

import pytest

from outreachd.rules.calendar import workday_opening
from outreachd.rules.holiday import Holidays
from outreachd.rules.hours import (
    calendar_gate,
    open_together,
    openings,
    together_gate,
)
from outreachd.rules.model import Calendar
from outreachd.rules.places import calendar_at
from tests.rosters import mailbox

BERLIN, SYDNEY = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")
OFFICE = Calendar(
    weekdays=frozenset(range(5)),
    start_min=540,
    end_min=1080,
    timezone=BERLIN,
    holidays=Holidays("DE-BY"),
)
BOX = mailbox(workday_start_min=540, workday_end_min=1080, timezone=BERLIN)


def utc(text: str) -> datetime:
    """Read an ISO instant as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ("2026-01-07T09:00", "open until Wed 2026-01-07 18:00"),
        (
            "2026-01-06T09:00",
            "closed: Epiphany (DE-BY); opens Wed 2026-01-07 09:00 there",
        ),
        ("2026-01-10T09:00", "closed: Saturday; opens Mon 2026-01-12 09:00 there"),
        ("2026-01-07T07:30", "closed: 08:30; opens Wed 2026-01-07 09:00 there"),
    ],
)
def test_a_window_is_told_in_the_recipients_time(at: str, value: str) -> None:
    """What closes it, by name, and when it opens, by the clock there."""
    gate = calendar_gate("spring", OFFICE, utc(at))
    assert gate.value == value
    assert gate.limit == "mon-fri 09:00-18:00 Europe/Berlin, not on holidays of DE-BY"
    assert (gate.wait_s == 0) == value.startswith("open")


def test_days_without_a_name_and_odd_weekdays_are_told_too() -> None:
    """A list of dates has no names; single days stand by themselves."""
    off = replace(
        OFFICE, holidays=frozenset({date(2026, 1, 7)}), weekdays=frozenset({0, 2})
    )
    gate = calendar_gate("spring", off, utc("2026-01-07T09:00"))
    assert gate.value == "closed: holiday; opens Mon 2026-01-12 09:00 there"
    assert gate.limit == "mon,wed 09:00-18:00 Europe/Berlin"


def test_both_windows_must_be_open() -> None:
    """Berlin writes to New York from three in the afternoon on."""
    there = calendar_at(replace(OFFICE, timezone=None), "America/New_York")
    at = utc("2026-01-07T09:00")  # ten in Berlin, four in New York
    [gate] = together_gate(BOX, there, at)
    assert gate.value == "first Wed 2026-01-07 09:00 there"
    assert gate.wait_s == timedelta(hours=5).total_seconds()
    assert list(together_gate(BOX, there, utc("2026-01-07T15:00"))) == []
    [gate] = together_gate(BOX, there, utc("2026-01-07T18:00"))  # Berlin has left
    assert gate.value == "first Thu 2026-01-08 09:00 there"


def test_hours_that_never_meet_are_said_to() -> None:
    """Nine to six in Berlin is night in Sydney: no wait is long enough."""
    there = calendar_at(replace(OFFICE, timezone=None, end_min=720), "Australia/Sydney")
    [gate] = together_gate(BOX, there, utc("2026-01-07T09:00"))
    assert (gate.value, gate.wait_s) == ("never", inf)
    assert open_together(utc("2026-01-07T09:00"), openings(BOX, there)) is None


@pytest.mark.parametrize("seed", range(6))
def test_the_first_joint_instant_is_open_in_both_and_none_is_earlier(seed: int) -> None:
    """Any hours in any two zones, through the clock changes: held against a walk."""
    dice = Random(seed)
    names = ["Europe/Berlin", "America/Nuuk", "Asia/Kathmandu", "Africa/Casablanca"]
    for _ in range(15):
        start, end = sorted(dice.sample(range(0, 1441, 30), 2))
        box = replace(BOX, timezone=ZoneInfo(dice.choice(names)))
        calendar = replace(
            OFFICE, start_min=start, end_min=end, timezone=ZoneInfo(dice.choice(names))
        )
        at = utc("2026-03-25") + timedelta(minutes=dice.randrange(0, 14_400, 15))
        windows = openings(box, calendar)
        walked = (at + timedelta(minutes=15 * n) for n in range(14 * 96))
        first = next((t for t in walked if all(w(t) == t for w in windows)), None)
        told = open_together(at, windows)
        if first is None:
            assert told is None or told > at + timedelta(days=13)
        else:
            assert told is not None
            assert first - timedelta(minutes=15) < told <= first
            assert workday_opening(told, 540, 1080, box.timezone) == told
