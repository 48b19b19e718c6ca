"""The laws of the table of zones: every country once, every zone known."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

import pytest

from outreachd.rules.place_table import ALSO, MOSTLY, ONE_ZONE, PARTS

SINGLE = dict(entry.split("=") for entry in ONE_ZONE.split())
# Nobody lives there for long, or the rocks have no zone at all.
NOBODY = {"AQ", "BV", "HM", "UM"}


def rows(name: str) -> list[list[str]]:
    """Read a table of the IANA database as the tzdata package carries it."""
    text = files("tzdata").joinpath(f"zoneinfo/{name}").read_text()
    lines = text.splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


COUNTRIES = [row[0] for row in rows("iso3166.tab")]


def clock(zone: str) -> list[timedelta | None]:
    """Tell a zone's offsets twice a day from 2025 to 2030."""
    days = range(6 * 365 * 2)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    place = ZoneInfo(zone)
    return [
        (start + n * timedelta(hours=12)).astimezone(place).utcoffset() for n in days
    ]


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_of_the_world_is_in_one_table_only(country: str) -> None:
    """ISO 3166-1: one zone, or several; uninhabited places have neither."""
    several = country in PARTS or country in MOSTLY
    assert (country in SINGLE) + several == (country not in NOBODY)


def test_every_zone_named_exists() -> None:
    """A zone that zoneinfo cannot open would be found out at night."""
    named = {
        line.partition(":")[0] for part in PARTS.values() for line in part.split("\n")
    }
    assert {*SINGLE.values(), *MOSTLY.values(), *named} - {""} <= available_timezones()


@pytest.mark.parametrize("country", sorted(SINGLE))
def test_a_country_of_one_zone_shows_one_time(country: str) -> None:
    """All its zones in zone.tab agree from 2025 on, and the one kept is one of them."""
    zones = [row[2] for row in rows("zone.tab") if row[0] == country]
    assert SINGLE[country] in zones
    if len(zones) > 1:
        clocks = [clock(zone) for zone in zones]
        assert all(each == clocks[0] for each in clocks)


def test_an_everyday_name_leads_to_a_country() -> None:
    """And is no country's code itself."""
    assert set(ALSO.values()) <= set(SINGLE)
    assert not set(ALSO) & set(COUNTRIES)
