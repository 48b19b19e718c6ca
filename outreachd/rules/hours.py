"""The hours of a campaign and of a mailbox, for somebody who asks why nothing goes.

Told in the local time of the place they belong to, with the name of the holiday that
closes a day. A letter needs both open at once: where two windows never overlap, no wait
is long enough, and that is said instead of a time. ``now`` is an aware UTC instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import TypeAlias

from outreachd.rules.admission import Gate
from outreachd.rules.calendar import calendar_zone, closing, opening, workday_opening
from outreachd.rules.holiday import Holidays
from outreachd.rules.model import Calendar, Mailbox
from outreachd.rules.written import WEEKDAYS, time_text

Opening: TypeAlias = Callable[[datetime], datetime]  # from when on a window is open

# Windows that are not open together in this time are said never to be.
TOGETHER_WITHIN = timedelta(days=400)


def openings(box: Mailbox, calendar: Calendar) -> tuple[Opening, Opening]:
    """Give the windows that a letter of this mailbox needs open."""
    start, end = box.workday_start_min, box.workday_end_min
    return (
        lambda at: workday_opening(at, start, end, box.timezone),
        lambda at: opening(at, calendar),
    )


def open_together(at: datetime, windows: Sequence[Opening]) -> datetime | None:
    """Tell the first instant from ``at`` on at which all are open; None = never."""
    horizon = at + TOGETHER_WITHIN
    while at < horizon:
        latest = max((opens(at) for opens in windows), default=at)
        if latest == at:
            return at
        at = latest
    return None


def calendar_gate(name: str, calendar: Calendar, now: datetime) -> Gate:
    """Show the window of a campaign at the recipient's place."""
    opens_at = opening(now, calendar)
    if opens_at == now:
        value = f"open until {_there(closing(now, calendar), calendar)}"
    else:
        value = (
            f"closed: {_why(now, calendar)}; opens {_there(opens_at, calendar)} there"
        )
    return Gate(
        f"campaign {name}: calendar",
        value,
        _written(calendar),
        "campaign.calendar",
        (opens_at - now).total_seconds(),
    )


def together_gate(box: Mailbox, calendar: Calendar, now: datetime) -> Iterator[Gate]:
    """Show when mailbox and campaign are open at once, if they are not now."""
    opens_at = open_together(now, openings(box, calendar))
    if opens_at == now:
        return
    first = f"first {_there(opens_at, calendar)} there" if opens_at else "never"
    yield Gate(
        f"mailbox {box.address}: workday in the campaign's hours",
        first,
        "both open at once",
        "mailbox.workday, campaign.calendar",
        (opens_at - now).total_seconds() if opens_at else inf,
    )


def _why(at: datetime, calendar: Calendar) -> str:
    """Say what closes a calendar at an instant outside its window."""
    local = at.astimezone(calendar_zone(calendar))
    if holiday := holiday_on(local, calendar):
        return holiday
    if local.weekday() not in calendar.weekdays:
        return f"{local:%A}"
    return f"{local:%H:%M}"


def holiday_on(local: datetime, calendar: Calendar) -> str | None:
    """Name the holiday that closes a local day; None = it is none."""
    off = calendar.holidays or ()
    if local.date() not in off:
        return None
    name = off.name(local.date()) if isinstance(off, Holidays) else None
    area = f" ({off.area})" if isinstance(off, Holidays) else ""
    return f"{name or 'holiday'}{area}"


def _there(at: datetime, calendar: Calendar) -> str:
    return f"{at.astimezone(calendar_zone(calendar)):%a %Y-%m-%d %H:%M}"


def _written(calendar: Calendar) -> str:
    days = _days(calendar)
    hours = f"{time_text(calendar.start_min)}-{time_text(calendar.end_min)}"
    off = calendar.holidays
    area = off.area if isinstance(off, Holidays) else ""
    without = f", not on holidays of {area}" if area else ""
    return f"{days} {hours} {calendar_zone(calendar)}{without}"


def _days(calendar: Calendar) -> str:
    days = sorted(calendar.weekdays)
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAYS[days[0]]}-{WEEKDAYS[days[-1]]}"
    return ",".join(WEEKDAYS[day] for day in days)
