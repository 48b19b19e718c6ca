"""Days, workdays and campaign windows in local time, computed in UTC.

Every instant that goes in or out is an aware datetime; what comes out new is UTC.
Times of day are minutes since local midnight, 1440 = the midnight that ends the day.
Windows are half open and belong to one local day of 23 to 25 hours: `[open, close)`.
Each is one stretch of UTC time, and nothing that hangs on a local time happens twice.
Errors: UnknownZoneError for a zone nobody knows, never a silent UTC; ValueError for
a calendar that never opens. Source: PEP 495, zoneinfo's documentation.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from outreachd.rules.model import Calendar

DAY = timedelta(days=1)
DAY_MIN = 1440

# Days without a window after which a calendar is said never to open.
HORIZON_DAYS = 400


# Files beside the zones that are none: whatever this machine's is, or nobody's.
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
# The same names again; in the first all clocks are half a minute off, for leap seconds.
_OTHER_CLOCKS = ("right/", "posix/")


class UnknownZoneError(ValueError):
    """A time zone name that the zone database does not hold."""


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One date somewhere on earth: from its first instant to the next day's."""

    date: date
    starts_at: datetime  # UTC
    ends_at: datetime  # UTC, the first instant that is not in it


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Open a time zone by its name."""
    try:
        if name in _NO_ZONES or name.startswith(_OTHER_CLOCKS):
            raise ZoneInfoNotFoundError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZoneError(
            f"time zone {name[:60]!r} is unknown; use a name such as Europe/Berlin"
        ) from None


def instant(day: date, minute: int, zone: tzinfo) -> datetime:
    """Tell when a local clock first shows that minute of that day, in UTC.

    A local time that does not exist (clocks go forward) means the first valid instant
    after it; one that comes twice (clocks go back) means the first only.
    """
    naive = datetime.combine(day, time.min) + timedelta(minutes=minute)
    at = naive.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == naive:
        return at
    return _end_of_gap(naive, zone)


# A fleet's thousands of days are asked for at the same instant, in a few zones.
@lru_cache(maxsize=1024)
def local_day(at: datetime, zone: tzinfo) -> LocalDay:
    """Tell the local day that holds ``at``."""
    day = at.astimezone(zone).date()
    return LocalDay(day, instant(day, 0, zone), instant(day + DAY, 0, zone))


def workday_opening(
    at: datetime, start_min: int, end_min: int, zone: tzinfo
) -> datetime:
    """Tell the first instant from ``at`` on that lies in a workday."""
    days = _days_from(at, zone)
    starts_at, _ = _first_window(at, days, start_min, end_min, zone)
    return max(at, starts_at)


def workday_closing(
    at: datetime, start_min: int, end_min: int, zone: tzinfo
) -> datetime:
    """Tell the end of the workday that is open at ``at``, or else of the next one."""
    return _first_window(at, _days_from(at, zone), start_min, end_min, zone)[1]


def opening(at: datetime, calendar: Calendar) -> datetime:
    """Tell the first instant from ``at`` on at which the campaign may write."""
    return max(at, _campaign_window(at, calendar)[0])


def closing(at: datetime, calendar: Calendar) -> datetime:
    """Tell the end of the window that is open at ``at``, or else of the next one."""
    return _campaign_window(at, calendar)[1]


def calendar_zone(calendar: Calendar) -> tzinfo:
    """Tell whose clock a calendar follows; one not filled in, that of the unknown."""
    return calendar.timezone or calendar.unknown_timezone


def add_workdays(
    day: date, n: int, weekdays: Container[int], holidays: Container[date]
) -> date:
    """Go ``n`` workdays on; the starting day itself never counts."""
    for _ in range(n):
        day = next(_workdays_from(day + DAY, weekdays, holidays))
    return day


def _campaign_window(at: datetime, calendar: Calendar) -> tuple[datetime, datetime]:
    zone = calendar_zone(calendar)
    today = at.astimezone(zone).date()
    days = _workdays_from(today, calendar.weekdays, calendar.holidays or ())
    return _first_window(at, days, calendar.start_min, calendar.end_min, zone)


def _first_window(
    at: datetime, days: Iterator[date], start_min: int, end_min: int, zone: tzinfo
) -> tuple[datetime, datetime]:
    """Find the first window that is not over; a gap may have swallowed one whole."""
    if not 0 <= start_min < end_min <= DAY_MIN:
        raise ValueError(f"impossible hours: {start_min=} {end_min=}")
    for day in days:
        closes_at = instant(day, end_min, zone)
        if at < closes_at:
            opens_at = instant(day, start_min, zone)
            if opens_at < closes_at:
                return opens_at, closes_at
    raise AssertionError("days never end")  # pragma: no cover


def _days_from(at: datetime, zone: tzinfo) -> Iterator[date]:
    day = at.astimezone(zone).date()
    while True:
        yield day
        day += DAY


def _workdays_from(
    day: date, weekdays: Container[int], holidays: Container[date]
) -> Iterator[date]:
    """Walk the workdays from ``day`` on, or raise ValueError where there are none."""
    for _ in range(HORIZON_DAYS):
        if day.weekday() in weekdays and day not in holidays:
            yield day
        day += DAY
    raise ValueError(
        f"the calendar has no open day in {HORIZON_DAYS} days before {day}; "
        "give it weekdays, or fewer holidays"
    )


def _end_of_gap(naive: datetime, zone: tzinfo) -> datetime:
    """Find, to the second, where the clocks jumped over ``naive``.

    Read with the offset before the jump (fold=0) it lies after the jump, read with
    the one behind it (fold=1) before: between the two is the instant looked for.
    """
    late = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    early = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    behind = late.astimezone(zone).utcoffset()
    lo, hi = 0, int((late - early).total_seconds())
    while hi - lo > 1:
        middle = (lo + hi) // 2
        at = early + timedelta(seconds=middle)
        if at.astimezone(zone).utcoffset() == behind:
            hi = middle
        else:
            lo = middle
    return early + timedelta(seconds=hi)
