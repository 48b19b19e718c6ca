"""Holidays that keep letters back, for the plan: which day, whose, until when.

Told by a simulation that puts what is due where its window opens; answers by local day
of the recipients. The same holiday of one campaign is one line, however many wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from outreachd.rules.calendar import calendar_zone
from outreachd.rules.hours import holiday_on
from outreachd.rules.model import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A holiday on which a campaign does not write to some of its people."""

    campaign_id: int
    holiday: str  # "Epiphany (DE-BY)"
    opens: str  # local, with the zone


class Closures:
    """What waits for the end of which holiday."""

    def __init__(self) -> None:
        self._found: dict[date, dict[Closure, int]] = {}

    def note(
        self, id: int, calendar: Calendar, *, due: datetime, opens: datetime, n: int
    ) -> None:
        """Note so many sends that are due then and wait until ``opens``."""
        zone = calendar_zone(calendar)
        day, end = due.astimezone(zone).date(), opens.astimezone(zone)
        shown = f"{end:%a %Y-%m-%d %H:%M} {zone}"
        while day < end.date():
            holiday = holiday_on(datetime.combine(day, time.min, zone), calendar)
            if holiday is not None:
                closure = Closure(campaign_id=id, holiday=holiday, opens=shown)
                of_day = self._found.setdefault(day, {})
                of_day[closure] = of_day.get(closure, 0) + n
            day += timedelta(days=1)

    def on(self, day: date) -> Iterator[tuple[Closure, int]]:
        """Tell what waits on a day, and how many."""
        yield from self._found.get(day, {}).items()
