"""The laws of local time at every clock change of every zone, 2024 to 2030.

The changes are found in the zone data itself; zones whose clocks agree share one run.
Around each change three things are held against an oracle that walks through UTC minute
by minute: when a clock first shows a time, the windows that lie over it, the days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from outreachd.rules.calendar import (
    instant,
    local_day,
    opening,
    workday_closing,
    workday_opening,
    zone,
)
from outreachd.rules.model import Calendar

START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NAMES = sorted(available_timezones() - {"localtime", "Factory"})
Change = tuple[datetime, timedelta, timedelta]  # when, the offset before and after


def offset(at: datetime, where: tzinfo) -> timedelta:
    found = at.astimezone(where).utcoffset()
    assert found is not None
    return found


def changes(
    where: tzinfo, start: datetime = START, end: datetime = END
) -> Iterator[Change]:
    """Find each change of the offset to the second; none is undone within two days."""
    step = 2 * DAY
    before = offset(start, where)
    while start < end:
        after = offset(start + step, where)
        if after != before:
            low, high = start, start + step
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                if offset(middle, where) == before:
                    low = middle
                else:
                    high = middle
            yield high, before, after
            before = after
        start += step


@cache
def kinds() -> dict[tuple[timedelta, tuple[Change, ...]], list[str]]:
    """Put zones together whose clocks agree over all these years."""
    found: dict[tuple[timedelta, tuple[Change, ...]], list[str]] = {}
    for name in NAMES:
        where = zone(name)
        found.setdefault((offset(START, where), tuple(changes(where))), []).append(name)
    return found


def local(at: datetime, where: tzinfo) -> datetime:
    return at.astimezone(where).replace(tzinfo=None)


def check_instants(change: Change, where: tzinfo, step: int) -> None:
    """Hold the minutes around a change against what its two offsets say."""
    at, before, after = change
    first = (at + min(before, after)).replace(tzinfo=None) - 2 * HOUR
    for n in range(0, 4 * 60 + int(abs(after - before) / MINUTE), step):
        wanted = first + n * MINUTE
        told = instant(wanted.date(), wanted.hour * 60 + wanted.minute, where)
        as_utc = wanted.replace(tzinfo=UTC)
        if as_utc - before < at:
            assert told == as_utc - before, "before the change, or the first of two"
        elif as_utc - after < at:
            assert told == at, "swallowed: the first valid instant"
        else:
            assert told == as_utc - after, "after the change"


def check_windows(
    change: Change, where: tzinfo, windows: list[tuple[int, int]]
) -> None:
    """Each day's window is at most one stretch of time, on its day, in its hours."""
    at = change[0]
    for start, end in windows:
        now, stretches = at - 36 * HOUR, []
        while now < at + 36 * HOUR:
            opens = workday_opening(now, start, end, where)
            closes = workday_closing(opens, start, end, where)
            assert now <= opens < closes
            assert (
                workday_opening(closes - timedelta(seconds=1), start, end, where)
                < closes
            )
            stretches.append((opens, closes))
            now = closes
        days = [local(opens, where).date() for opens, _ in stretches]
        assert len(set(days[1:])) == len(days[1:]), "no day's window twice"
        for (_, closed), (opened, _) in pairwise(stretches):
            assert closed <= opened
        for opens, closes in stretches[1:]:
            day = local(opens, where).date()
            assert opens == instant(day, start, where)
            assert closes == instant(day, end, where)
            assert closes - opens <= (end - start) * MINUTE + abs(change[2] - change[1])


def check_days(change: Change, where: tzinfo) -> None:
    """Local days follow each other without gap or overlap over the change."""
    day = local_day(change[0] - 2 * DAY, where)
    while day.ends_at < change[0] + 2 * DAY:
        after = local_day(day.ends_at, where)
        assert after.starts_at == day.ends_at
        assert after.date > day.date
        day = after


def windows_over(change: Change, where: tzinfo) -> list[tuple[int, int]]:
    """Make windows that begin, end and lie in the swallowed or repeated time."""
    at, before, after = change
    low = (at + min(before, after)).hour * 60 + (at + min(before, after)).minute
    length = int(abs(after - before) / MINUTE)
    marks = sorted(
        {0, low - 30, low, low + length // 2, low + length, low + length + 30}
    )
    marks = [mark for mark in (*marks, 1440) if 0 <= mark <= 1440]
    return [(a, b) for i, a in enumerate(marks) for b in marks[i + 1 :] if a < b]


def test_the_zone_data_hold_what_makes_clocks_hard() -> None:
    """Half-hour steps, changes at midnight, two pairs a year: all are tried below."""
    found = {
        name: list(changes(zone(name)))
        for name in (
            "Australia/Lord_Howe",
            "Africa/Cairo",
            "Africa/Casablanca",
            "Antarctica/Troll",
        )
    }
    assert {abs(b - a) for _, a, b in found["Australia/Lord_Howe"]} == {HOUR / 2}
    assert {abs(b - a) for _, a, b in found["Antarctica/Troll"]} == {2 * HOUR}
    assert any(
        local(at, zone("Africa/Cairo")).hour == 1 for at, *_ in found["Africa/Cairo"]
    )
    assert len(found["Africa/Casablanca"]) >= 14  # Ramadan begins and ends each year
    assert len(NAMES) > 590
    assert 60 < len(kinds()) < len(NAMES)


@pytest.mark.parametrize("shard", range(4))
def test_every_change_of_every_zone(shard: int) -> None:
    """Process 69: no time is lost or used twice, in any zone, in seven years."""
    tried = 0
    for i, ((_, found), names) in enumerate(kinds().items()):
        where = ZoneInfo(names[0])
        for change in found if i % 4 == shard else ():
            check_instants(change, where, step=5)
            check_days(change, where)
            check_windows(change, where, windows_over(change, where))
            tried += 1
    assert tried > 80


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("shard", range(8))
def test_every_minute_around_every_change_of_every_name(shard: int) -> None:
    """Process 69, exhaustively: no two names are taken to be alike."""
    for name in NAMES[shard::8]:
        where = zone(name)
        for change in changes(where):
            check_instants(change, where, step=1)
            check_days(change, where)
            check_windows(change, where, windows_over(change, where))


# --- the date line ------------------------------------------------------------------


def test_a_date_that_was_left_out_has_no_window() -> None:
    """Samoa crossed the date line at the end of 29 December 2011: there was no 30th."""
    apia, left_out = zone("Pacific/Apia"), date(2011, 12, 30)
    [change] = changes(
        apia, datetime(2011, 12, 20, tzinfo=UTC), datetime(2012, 1, 9, tzinfo=UTC)
    )
    assert change[2] - change[1] == DAY
    assert instant(left_out, 540, apia) == change[0]
    opens = workday_opening(change[0] - HOUR, 540, 1080, apia)
    assert local(opens, apia) == datetime(2011, 12, 31, 9)  # noqa: DTZ001 - local
    check_days(change, apia)
    check_windows(change, apia, [(0, 1440), (540, 1080)])
    calendar = Calendar(
        weekdays=frozenset({left_out.weekday()}),
        start_min=540,
        end_min=1080,
        timezone=apia,
        holidays=frozenset(),
    )
    assert local(opening(change[0] - HOUR, calendar), apia).date() == date(2012, 1, 6)


def test_a_date_that_came_twice_has_one_window() -> None:
    """Alaska, sold in 1867, went back a day: its first window is the only one."""
    juneau = zone("America/Juneau")
    [change] = changes(
        juneau, datetime(1867, 10, 10, tzinfo=UTC), datetime(1867, 10, 28, tzinfo=UTC)
    )
    assert change[2] - change[1] == -DAY
    check_windows(change, juneau, [(540, 1080), (0, 720)])
