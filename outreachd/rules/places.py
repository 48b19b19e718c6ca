"""Where a recipient is: his time zone, and the country whose holidays he keeps.

A place is one text, so that it can be a column and a key: "Europe/Berlin DE-BY" is a
time zone and, where a campaign keeps the recipients' holidays, the country (ISO 3166-1)
and part of it (ISO 3166-2). Either may be missing: "Europe/Berlin", " US", "".

A zone that cannot be told is "", never a guess: in a country of many zones the part of
the country decides. What a campaign does with "" is its calendar's business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from outreachd.rules.calendar import zone
from outreachd.rules.holiday import Holidays
from outreachd.rules.model import Calendar
from outreachd.rules.place_table import ALSO, MOSTLY, ONE_ZONE, PARTS

# What people write around the name of a part of a country, or leave out. Without
# accents, which the Cyrillic short i counts as.
_FILLERS = re.compile(
    r"\b(oblast|krai|kray|republic|province|provincia|state|estado|region|of|the|"
    r"область|краи|республика|автономныи|автономная|округ)\b"
)


def zone_of(country: str, region: str) -> str:
    """Tell the time zone of a country (ISO 3166-1) and part of it; "" = unknown.

    ``region``: an ISO 3166-2 code, with or without the country, or a name.
    """
    country = country.strip().upper()
    country = ALSO.get(country, country)
    if country in PARTS and region.strip():
        parts = _parts(country)
        code = region.strip().upper().removeprefix(f"{country}-")
        found = parts.get(code) or parts.get(_plain(region))
        if found:
            return found
    return MOSTLY.get(country) or _one_zone().get(country, "")


def calendar_at(calendar: Calendar, place: str) -> Calendar:
    """Fill in what a calendar leaves to a recipient: his zone, his country's holidays.

    Of a zone that nobody knows, the calendar says itself which one stands for it; of an
    unknown country no holidays are kept. Raises UnknownZoneError.
    """
    if calendar.timezone is not None and calendar.holidays is not None:
        return calendar
    name, _, area = place.partition(" ")
    theirs = zone(name) if name else calendar.unknown_timezone
    return replace(
        calendar,
        timezone=calendar.timezone or theirs,
        holidays=Holidays(area) if calendar.holidays is None else calendar.holidays,
    )


@cache
def _one_zone() -> Mapping[str, str]:
    entries = (entry.partition("=") for entry in ONE_ZONE.split())
    return {country: zone for country, _, zone in entries}


@cache
def _parts(country: str) -> Mapping[str, str]:
    """Read a country's lines: zones by code (as written) and by plain name."""
    return dict(_read(PARTS[country]))


def _read(lines: str) -> Iterator[tuple[str, str]]:
    for line in lines.strip().splitlines():
        zone, _, parts = line.partition(": ")
        for part in parts.split(", "):
            code, _, names = part.partition(" ")
            yield code, zone
            for name in names.split("/"):
                yield _plain(name), zone


def _plain(name: str) -> str:
    """Make a name comparable: no accents, case, punctuation or filler words."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    kept = _FILLERS.sub(" ", re.sub(r"[^\w]+", " ", bare))
    return " ".join(kept.split()) or " ".join(bare.split())
