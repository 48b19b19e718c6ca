"""The laws of local days, workdays and campaign windows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest

from outreachd.rules.calendar import (
    UnknownZoneError,
    add_workdays,
    calendar_zone,
    closing,
    instant,
    local_day,
    opening,
    workday_closing,
    workday_opening,
    zone,
)
from outreachd.rules.model import Calendar

BERLIN = zone("Europe/Berlin")
WEEK = frozenset(range(5))
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)

# Clocks that jump at midnight, back over midnight, by half an hour, or in Ramadan.
ODD_ZONES = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/Nuuk",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Kiritimati",
]


def utc(text: str) -> datetime:
    """Read an ISO instant as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(
    *,
    weekdays: frozenset[int] = WEEK,
    hours: tuple[int, int] = (9, 18),
    timezone: tzinfo | None = BERLIN,
    holidays: frozenset[date] = frozenset(),
) -> Calendar:
    """Make a calendar of whole hours."""
    return Calendar(
        weekdays=weekdays,
        start_min=hours[0] * 60,
        end_min=hours[1] * 60,
        timezone=timezone,
        holidays=holidays,
    )


def transitions(where: tzinfo) -> Iterator[datetime]:
    """Find to the second where a zone's offset changes, 2024 to 2030."""
    at, end = utc("2024-01-01"), utc("2031-01-01")
    while at < end:
        after = at + DAY
        if at.astimezone(where).utcoffset() != after.astimezone(where).utcoffset():
            lo, hi = at, after
            while hi - lo > SECOND:
                mid = lo + (hi - lo) // 2
                same = (
                    mid.astimezone(where).utcoffset()
                    == at.astimezone(where).utcoffset()
                )
                lo, hi = (mid, hi) if same else (lo, mid)
            yield hi.replace(microsecond=0)
        at = after


def samples(seed: int, n: int) -> Iterator[tuple[datetime, ZoneInfo]]:
    """Throw instants of 2024 to 2030 in any zone, half of them near a clock change."""
    dice = Random(seed)
    names = sorted(available_timezones() - {"localtime", "Factory"})
    changes = {
        name: list(transitions(zone(name))) for name in dice.sample(ODD_ZONES, 3)
    }
    for i in range(n):
        if i % 2:
            name = dice.choice(sorted(changes))
            base = dice.choice(changes[name] or [utc("2025-01-01")])
            yield base + timedelta(seconds=dice.randint(-100_000, 100_000)), zone(name)
        else:
            at = utc("2024-01-01") + timedelta(seconds=dice.randrange(7 * 365 * 86_400))
            yield at, zone(dice.choice(names))


# --- instants ------------------------------------------------------------------


def test_a_time_that_does_not_exist_becomes_the_first_valid_minute() -> None:
    """Process 69: 02:30 on the night clocks go forward is sent at 03:00, once."""
    gap = date(2026, 3, 29)
    for minute in (120, 121, 150, 179, 180):
        at = instant(gap, minute, BERLIN)
        assert at == utc("2026-03-29T01:00") + max(minute - 180, 0) * MINUTE
    assert instant(gap, 119, BERLIN) == utc("2026-03-29T00:59")


def test_a_time_that_comes_twice_means_the_first() -> None:
    """Process 69: 02:30 on the night clocks go back is the one in summer time."""
    assert instant(date(2026, 10, 25), 150, BERLIN) == utc("2026-10-25T00:30")
    assert instant(date(2026, 10, 25), 180, BERLIN) == utc("2026-10-25T02:00")


def test_midnight_may_not_exist_and_the_day_still_starts() -> None:
    """In Cairo clocks go forward at midnight: the day starts at 01:00 and has 23 h."""
    day = local_day(utc("2026-04-24T12:00"), zone("Africa/Cairo"))
    assert day.starts_at == utc("2026-04-23T22:00")
    assert day.ends_at - day.starts_at == timedelta(hours=23)


@pytest.mark.parametrize("name", ODD_ZONES)
def test_every_minute_of_a_changing_day_is_the_first_that_is_not_before_it(
    name: str,
) -> None:
    """Process 69: in every odd zone, by walking through the night second by minute."""
    where = zone(name)
    for change in list(transitions(where))[:4]:
        day = change.astimezone(where).date()
        at = local_day(change, where).starts_at - timedelta(hours=2)
        walked = [at + i * MINUTE for i in range(29 * 60)]
        shown = [(t, t.astimezone(where).replace(tzinfo=None)) for t in walked]
        midnight = datetime.combine(day, datetime.min.time())
        for minute in range(0, 1441, 15):
            wanted = midnight + minute * MINUTE
            first = next(t for t, local in shown if local >= wanted)
            assert instant(day, minute, where) == first


# --- days ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "hours"),
    [("2026-03-29T12:00", 23), ("2026-10-25T12:00", 25), ("2026-06-01T12:00", 24)],
)
def test_a_local_day_is_as_long_as_it_really_is(at: str, hours: int) -> None:
    """Process 69: counted in UTC, since local subtraction always says 24 hours."""
    day = local_day(utc(at), BERLIN)
    assert day.ends_at - day.starts_at == timedelta(hours=hours)
    assert day.starts_at.tzinfo is UTC


@pytest.mark.parametrize("seed", range(8))
def test_local_days_cover_time_without_gap_or_overlap(seed: int) -> None:
    """Every instant lies in its local day, and the next day begins where it ends."""
    for at, where in samples(seed, 150):
        day = local_day(at, where)
        assert day.starts_at <= at < day.ends_at
        assert day.date == at.astimezone(where).date()
        after = local_day(day.ends_at, where)
        assert after.starts_at == day.ends_at
        assert after.date == day.date + DAY


# --- workdays ------------------------------------------------------------------


def test_a_workday_opens_now_later_today_or_tomorrow() -> None:
    """Before, inside and after the hours; the end itself is outside."""
    for at, expected in [
        ("2026-06-01T05:00", "2026-06-01T07:00"),
        ("2026-06-01T07:00", "2026-06-01T07:00"),
        ("2026-06-01T15:59:59", "2026-06-01T15:59:59"),
        ("2026-06-01T16:00", "2026-06-02T07:00"),
    ]:
        assert workday_opening(utc(at), 540, 1080, BERLIN) == utc(expected)


@pytest.mark.parametrize("seed", range(8))
def test_a_workday_of_all_day_is_always_open(seed: int) -> None:
    """0 to 1440 leaves no hole, not even where midnight is missing."""
    for at, where in samples(seed, 100):
        assert workday_opening(at, 0, 1440, where) == at


@pytest.mark.parametrize("seed", range(8))
def test_a_workday_opening_is_the_first_instant_inside(seed: int) -> None:
    """It lies inside the hours, and a step by step walk finds nothing earlier."""
    dice = Random(seed)
    for at, where in samples(seed, 100):
        start, end = sorted(dice.sample(range(0, 1441, 30), 2))
        opens = workday_opening(at, start, end, where)
        day = opens.astimezone(where).date()
        assert at <= opens < at + 3 * DAY
        assert instant(day, start, where) <= opens < instant(day, end, where)
        assert workday_opening(opens, start, end, where) == opens
        if opens > at:
            assert workday_opening(opens - SECOND, start, end, where) == opens


@pytest.mark.parametrize("seed", range(4))
def test_a_workday_closes_after_it_opens_and_on_the_same_day(seed: int) -> None:
    """Until the closing it stays open; from then on it opens at another moment."""
    dice = Random(seed)
    for at, where in samples(seed, 100):
        start, end = sorted(dice.sample(range(0, 1440, 30), 2))
        opens = workday_opening(at, start, end, where)
        closes = workday_closing(at, start, end, where)
        last = closes - SECOND
        assert workday_opening(last, start, end, where) == max(last, opens)
        assert workday_opening(closes, start, end, where) > closes
        assert closes == instant(opens.astimezone(where).date(), end, where)


def test_hours_that_a_clock_change_swallows_do_not_open_that_day() -> None:
    """Process 69: 02:00 to 03:00 does not exist that night: the next night it is."""
    at = utc("2026-03-28T12:00")
    assert workday_opening(at, 120, 180, BERLIN) == utc("2026-03-30T00:00")


def test_hours_that_come_twice_open_once() -> None:
    """Process 69: the second 02:00 to 02:30 of the night is closed."""
    assert workday_opening(utc("2026-10-25T00:10"), 120, 150, BERLIN) == utc(
        "2026-10-25T00:10"
    )
    assert workday_opening(utc("2026-10-25T01:10"), 120, 150, BERLIN) == utc(
        "2026-10-26T01:00"
    )


@pytest.mark.parametrize("hours", [(600, 600), (700, 600), (-1, 60), (0, 1441)])
def test_impossible_hours_are_refused(hours: tuple[int, int]) -> None:
    """Hours that never open are a mistake, told at once."""
    with pytest.raises(ValueError, match="impossible hours"):
        workday_opening(utc("2026-06-01"), *hours, BERLIN)


# --- campaign windows ------------------------------------------------------------


def test_a_campaign_skips_weekends_and_holidays() -> None:
    """Friday evening, with Monday a holiday, opens on Tuesday morning."""
    c = calendar(holidays=frozenset({date(2026, 5, 25)}))
    assert opening(utc("2026-05-22T17:00"), c) == utc("2026-05-26T07:00")
    assert closing(utc("2026-05-22T17:00"), c) == utc("2026-05-26T16:00")


def test_an_open_window_opens_now_and_closes_at_its_end() -> None:
    """Inside the window there is nothing to wait for."""
    at = utc("2026-05-22T12:34:56")
    assert opening(at, calendar()) == at
    assert closing(at, calendar()) == utc("2026-05-22T16:00")


def test_a_calendar_that_is_not_filled_in_keeps_the_clock_of_the_unknown() -> None:
    """Its own zone wins; left to a recipient, the one that stands for the unknown."""
    tokyo, at = zone("Asia/Tokyo"), utc("2026-06-01T03:00")
    followed = replace(calendar(timezone=None), unknown_timezone=tokyo)
    assert opening(at, followed) == at
    assert opening(at, calendar(timezone=None)) == utc("2026-06-01T09:00")
    assert opening(at, calendar()) == utc("2026-06-01T07:00")
    assert calendar_zone(followed) is tokyo


@pytest.mark.parametrize("seed", range(8))
def test_a_campaign_opens_only_on_its_days_and_hours(seed: int) -> None:
    """What opens is inside, idempotent, before its closing, and the first such."""
    dice = Random(seed)
    for at, where in samples(seed, 80):
        week = frozenset(dice.sample(range(7), dice.randint(1, 6)))
        today = at.astimezone(where).date()
        off = frozenset(today + dice.randint(0, 9) * DAY for _ in range(3))
        start, end = sorted(dice.sample(range(25), 2))
        c = calendar(weekdays=week, hours=(start, end), timezone=where, holidays=off)

        opens, closes = opening(at, c), closing(at, c)
        day = opens.astimezone(where).date()
        assert day.weekday() in week
        assert day not in off
        assert instant(day, c.start_min, where) <= opens < closes
        assert closes == instant(day, c.end_min, where)
        assert opening(opens, c) == opens
        if opens > at:
            assert opening(opens - SECOND, c) == opens


def test_a_calendar_that_never_opens_says_so_at_once() -> None:
    """No weekdays, or holidays for more than a year, is an error and not a hang."""
    at = utc("2026-06-01T12:00")
    off = frozenset(date(2026, 5, 1) + i * DAY for i in range(500))
    for c in (calendar(weekdays=frozenset()), calendar(holidays=off)):
        with pytest.raises(ValueError, match="no open day"):
            opening(at, c)
        with pytest.raises(ValueError, match="no open day"):
            closing(at, c)
        with pytest.raises(ValueError, match="no open day"):
            add_workdays(at.date(), 1, c.weekdays, c.holidays or ())


# --- counting workdays -------------------------------------------------------------


def test_workdays_skip_weekends_and_holidays() -> None:
    """Three workdays after Thursday before Whitsun is Wednesday after it."""
    whitsun = frozenset({date(2026, 5, 25)})
    assert add_workdays(date(2026, 5, 21), 3, WEEK, whitsun) == date(2026, 5, 27)
    assert add_workdays(date(2026, 5, 23), 1, WEEK, frozenset()) == date(2026, 5, 25)
    assert add_workdays(date(2026, 5, 23), 0, WEEK, frozenset()) == date(2026, 5, 23)


@pytest.mark.parametrize("seed", range(5))
def test_there_are_exactly_n_workdays_up_to_the_one_counted(seed: int) -> None:
    """The days after the start, up to the answer, hold n workdays, the last among."""
    dice = Random(seed)
    for _ in range(50):
        start = date(2024, 1, 1) + dice.randrange(2500) * DAY
        week = frozenset(dice.sample(range(7), dice.randint(1, 7)))
        off = {start + dice.randrange(60) * DAY for _ in range(10)}
        n = dice.randint(1, 15)
        end = add_workdays(start, n, week, off)
        days = [start + i * DAY for i in range(1, (end - start).days + 1)]
        work = [d for d in days if d.weekday() in week and d not in off]
        assert len(work) == n
        assert work[-1] == end


# --- zones ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Europe", "a\0b"),
        *("localtime", "posixrules", "Factory", "right/Europe/Berlin", "UTC" * 200),
    ],
)
def test_an_unknown_zone_is_an_error_and_never_utc(name: str) -> None:
    """Process 70: a zone nobody knows is told by its name, with a way out."""
    with pytest.raises(UnknownZoneError, match="Europe/Berlin"):
        zone(name)


def test_a_zone_is_opened_once() -> None:
    """A thousand contacts of one zone share it."""
    assert zone("Europe/Berlin") is zone("Europe/Berlin")
