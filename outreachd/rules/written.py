"""Times and counts as people write them: days, hours, delays, durations, "2 sends".

Pure readers of text such as ``mon-fri``, ``09:00-18:00``, ``3 workdays``, and writers
of the same for people. The database keeps calendars as they were written, so whoever
reads a row reads it with these too.
Times of day are minutes since local midnight, 1440 = the midnight that ends the day.
Errors: ValueError, whose text is a sentence part that says what is allowed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from outreachd.rules.model import DelayUnit

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_END_MIN = 1440
MOST_DAYS = 1000  # of a delay: they are counted one by one, for each letter

# Between these every clock, zone and column has room for a time, and for a year's
# reckoning from it; what lies beyond is a slip of the pen.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)

# Digits are those of ASCII: int() would take those of every script.
_HOURS = re.compile(r"([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,4}) ([a-z]+)", re.ASCII)
_SHORT = re.compile(r"(\d{1,4})([dh])", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}")  # what a column of ids holds
_SHORT_UNITS = {"d": "days", "h": "hours"}
_UNIT_S = {DelayUnit.MINUTES: 60, DelayUnit.HOURS: 3600, DelayUnit.DAYS: 86_400}


def parse_days(text: str) -> frozenset[int]:
    """Read ``mon-fri`` or ``mon,wed,fri``; 0 = Monday."""
    days: set[int] = set()
    for part in text.replace(" ", "").lower().split(","):
        first, dash, last = part.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise ValueError('must be days such as "mon-fri" or "mon,wed,fri"')
        start = WEEKDAYS.index(first)
        end = WEEKDAYS.index(last) if dash else start
        # fri-mon goes over the weekend
        days.update((start + i) % 7 for i in range((end - start) % 7 + 1))
    return frozenset(days)


def parse_hours(text: str) -> tuple[int, int]:
    """Read ``09:00-18:00`` as minutes; the end is after the start, 24:00 at most."""
    found = _HOURS.fullmatch(text)
    if found:
        h1, m1, h2, m2 = map(int, found.groups())
        start, end = h1 * 60 + m1, h2 * 60 + m2
        if start < end <= DAY_END_MIN:
            return start, end
    raise ValueError('must be hours of one day such as "09:00-18:00", at most 24:00')


def parse_delay(text: str) -> tuple[int, DelayUnit]:
    """Read ``3 workdays``, ``2 days``, ``5 hours`` or ``30 minutes``."""
    amount, unit = _amount(text)
    if unit is None:
        raise ValueError('must be a delay such as "3 workdays", "2 days" or "5 hours"')
    if amount > MOST_DAYS and unit in (DelayUnit.DAYS, DelayUnit.WORKDAYS):
        raise ValueError(f'must be a delay of at most "{MOST_DAYS} days"')
    return amount, unit


def parse_duration_s(text: str) -> float:
    """Read ``7 days``, ``5 hours`` or ``30 minutes`` as seconds, above zero."""
    amount, unit = _amount(text)
    if unit is None or unit not in _UNIT_S or amount == 0:
        raise ValueError('must be a time such as "7 days", "5 hours" or "30 minutes"')
    return float(amount * _UNIT_S[unit])


def time_text(minute: int) -> str:
    """Write minutes since midnight: ``09:00``, ``24:00``."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def duration_text(seconds: float) -> str:
    """Write seconds in the largest unit that leaves no rest: ``7 days``, ``1 hour``."""
    for unit, unit_s in sorted(_UNIT_S.items(), key=lambda item: -item[1]):
        if seconds >= unit_s and seconds % unit_s == 0:
            amount = int(seconds // unit_s)
            return f"{amount} {unit if amount > 1 else unit.removesuffix('s')}"
    return f"{seconds:g} s"


def parse_number(text: str) -> int:
    """Read a number or a port: plain digits, 18 at most, no sign."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a number of at most 18 digits")
    return int(text)


def within_reach(at: datetime) -> datetime:
    """Give an aware time as UTC, or refuse one that no clock can reckon with."""
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"must be between {EARLIEST.year} and {LATEST.year}")
    return at.astimezone(UTC)


def parse_instant(text: str) -> datetime:
    """Read an ISO date or time as UTC; so it is taken where no zone is written."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            "must be a date or time such as 2026-03-01 or 2026-03-01T09:30Z"
        ) from None
    return within_reach(at.replace(tzinfo=at.tzinfo or UTC))


def parse_since(text: str, now: datetime) -> datetime:
    """Read ``30d``, ``12h``, ``30 days`` before now, or a date or time (else UTC)."""
    short = _SHORT.fullmatch(text.strip().lower())
    if short:
        return now - timedelta(**{_SHORT_UNITS[short[2]]: int(short[1])})
    if _AMOUNT.fullmatch(text.strip().lower()):
        return now - timedelta(seconds=parse_duration_s(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            'must be a time such as "30d", "12h", "2026-08-20" or "2026-08-20T09:00Z"'
        ) from None
    return within_reach(at.replace(tzinfo=at.tzinfo or UTC))


def _amount(text: str) -> tuple[int, DelayUnit | None]:
    found = _AMOUNT.fullmatch(text.strip().lower())
    if not found:
        return 0, None
    for unit in DelayUnit:
        if found[2] in (unit, unit.removesuffix("s")):  # 1 day, 2 days
            return int(found[1]), unit
    return 0, None


def counted(n: int, noun: str) -> str:
    """Write a number with its noun: "1 send", "2 sends"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
