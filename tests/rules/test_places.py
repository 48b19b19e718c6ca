"""The laws of places: a zone by country and part, never a guess."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from outreachd.rules.calendar import UnknownZoneError
from outreachd.rules.model import Calendar
from outreachd.rules.place_table import MOSTLY, ONE_ZONE, PARTS
from outreachd.rules.places import calendar_at, zone_of

LISBON = ZoneInfo("Europe/Lisbon")
FOLLOWING = Calendar(
    weekdays=frozenset(range(5)),
    start_min=540,
    end_min=1080,
    timezone=None,
    holidays=None,
    unknown_timezone=LISBON,
)


@pytest.mark.parametrize(
    ("country", "region", "zone"),
    [
        ("DE", "", "Europe/Berlin"),
        ("de", "BY", "Europe/Berlin"),
        (" uk ", "", "Europe/London"),
        ("US", "CA", "America/Los_Angeles"),
        ("US", "us-ca", "America/Los_Angeles"),
        ("US", "  California ", "America/Los_Angeles"),
        ("US", "State of New York", "America/New_York"),
        ("RU", "Московская область", "Europe/Moscow"),
        ("RU", "Приморский край", "Asia/Vladivostok"),
        ("RU", "Sverdlovsk Oblast", "Asia/Yekaterinburg"),
        ("BR", "são paulo", "America/Sao_Paulo"),
        ("MX", "Nuevo León", "America/Monterrey"),
        ("CA", "Québec", "America/Toronto"),
        ("ES", "Canarias", "Atlantic/Canary"),
        ("ES", "Galicia", "Europe/Madrid"),
        ("PT", "Açores", "Atlantic/Azores"),
        ("US", "", ""),
        ("US", "Oblivion", ""),
        ("AQ", "", ""),
        ("XX", "", ""),
        ("", "", ""),
    ],
)
def test_country_and_part_tell_the_zone(country: str, region: str, zone: str) -> None:
    """Codes and names in any spelling; without the part, many zones stay unknown."""
    assert zone_of(country, region) == zone


@pytest.mark.parametrize("entry", ONE_ZONE.split())
def test_a_country_of_one_zone_needs_no_part(entry: str) -> None:
    """Whatever is said of the part, there is one clock."""
    country, zone = entry.split("=")
    assert zone_of(country, "") == zone_of(country, "anything") == zone


@pytest.mark.parametrize("country", sorted(PARTS))
def test_each_part_is_found_by_code_and_by_each_name(country: str) -> None:
    """What the table names, in this spelling, with the country's code or without."""
    for line in PARTS[country].strip().splitlines():
        zone, _, parts = line.partition(": ")
        for part in parts.split(", "):
            code, _, names = part.partition(" ")
            assert zone_of(country, code.lower()) == zone
            assert zone_of(country, f"{country}-{code}") == zone
            assert {zone_of(country, name) for name in names.split("/")} == {zone}


@pytest.mark.parametrize("country", sorted(PARTS))
def test_an_unnamed_part_is_where_nine_in_ten_live_or_unknown(country: str) -> None:
    """A wrong hour for many is worse than the campaign's own rule."""
    assert zone_of(country, "") == MOSTLY.get(country, "")


@pytest.mark.parametrize(
    ("zone", "place"),
    [
        ("Europe/Berlin", "Europe/Berlin DE-BY"),
        ("Europe/Berlin", "Europe/Berlin DE"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("", " US"),
        ("", ""),
    ],
)
def test_a_calendar_reads_the_place_that_was_written(zone: str, place: str) -> None:
    """One text, in the column, in the key and in the claim; enrolling writes it."""
    there = calendar_at(FOLLOWING, place)
    assert there.timezone == (ZoneInfo(zone) if zone else LISBON)
    is_kept = date(2026, 1, 6) in (there.holidays or ())
    assert is_kept == place.endswith("DE-BY")


def test_a_calendar_of_its_own_does_not_ask_where_the_recipient_is() -> None:
    """Not even for a zone that nobody knows."""
    own = replace(FOLLOWING, timezone=LISBON, holidays=frozenset())
    assert calendar_at(own, "Mars/Olympus") is own


def test_a_zone_nobody_knows_is_an_error() -> None:
    """70: never a silent UTC."""
    with pytest.raises(UnknownZoneError, match="Mars/Olympus"):
        calendar_at(FOLLOWING, "Mars/Olympus DE")
