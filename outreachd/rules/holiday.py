"""Public holidays of a country or part of one, each year looked up once.

An area is written "DE" or "DE-BY": ISO 3166-1, then ISO 3166-2 or the name of the part.
A part whose holidays nobody lists keeps its country's; a country that nobody lists
keeps none. Computed by the library `holidays`, names in English where it has them;
nothing is read and nothing fetched. Dates are local dates there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache


@dataclass(frozen=True, slots=True)
class Holidays:
    """The days on which an area rests: ``day in holidays``. "" = none at all."""

    area: str

    def __contains__(self, day: object) -> bool:
        """Whether a day is a public holiday."""
        return isinstance(day, date) and self.name(day) is not None

    def name(self, day: date) -> str | None:
        """Tell a holiday's name; None = a day like others."""
        return _of_year(self.area, day.year).get(day) if self.area else None


@cache
def _of_year(area: str, year: int) -> Mapping[date, str]:
    # Here, not above: the library is large and most fleets need no holidays.
    from holidays import country_holidays

    country, _, part = area.upper().partition("-")
    part = part.removeprefix(f"{country}-")
    try:
        known = country_holidays(country, years=year, language="en_US")
        names = known.subdivisions_aliases.items()
        code = next((code for name, code in names if name.upper() == part), part)
        if code in known.subdivisions:
            known = country_holidays(country, subdiv=code, years=year, language="en_US")
    except NotImplementedError:  # no such country there
        return {}
    return dict(known)
