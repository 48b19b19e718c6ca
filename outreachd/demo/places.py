"""Who is in the demo: four cities, six clients in them, and the names of people.

Two cities have two clients that share all mailboxes there, with unequal weights. All
are made up; zones are real, so that the day moves with the sun.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """A client of the demo: ``part`` is what it has of its place's contacts."""

    name: str
    share: float
    part: float
    postal_address: str
    directions: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A city with its mailboxes, and the zones of those who are written to there."""

    city: str
    zones: tuple[str, ...]  # the first is the place's own
    parties: tuple[Party, ...]


PLACES = (
    Place(
        "moscow",
        ("Europe/Moscow", "Europe/Istanbul"),
        (
            Party(
                "polaris",
                1.0,
                1.0,
                "Polaris Instruments, Tverskaya 7, 125009 Moscow",
                ("lab equipment", "calibration"),
            ),
        ),
    ),
    Place(
        "berlin",
        ("Europe/Berlin", "Europe/Vienna", "Europe/Athens"),
        (
            Party(
                "albatros",
                2.0,
                0.5,
                "Albatros Software GmbH, Torstr. 49, 10119 Berlin",
                ("warehouse software", "training"),
            ),
            Party(
                "brandt",
                1.0,
                0.5,
                "Brandt & Sohn KG, Hauptstr. 12, 04109 Leipzig",
                ("spare parts", "maintenance"),
            ),
        ),
    ),
    Place(
        "london",
        ("Europe/London", "Europe/Dublin", "Europe/Lisbon"),
        (
            Party(
                "kestrel",
                1.0,
                1.0,
                "Kestrel Logistics Ltd, 8 Eastcheap, London EC3M 1AE",
                ("cold chain", "customs"),
            ),
        ),
    ),
    Place(
        "newyork",
        ("America/New_York", "America/Toronto", "America/Chicago"),
        (
            Party(
                "harbor",
                3.0,
                0.6,
                "Harbor Analytics Inc., 55 Water St, New York, NY 10041",
                ("port data", "forecasts"),
            ),
            Party(
                "maple",
                1.0,
                0.4,
                "Maple Dental Supply, 20 Bay St, Toronto, ON M5J 2N8",
                ("dental supply", "sterile packs"),
            ),
        ),
    ),
)

_FIRST = """
    Ada Ben Clara David Elena Felix Greta Hugo Ida Jonas Kira Leon Mila Noah Olga Paul
    Quinn Rosa Simon Tara Uwe Vera Will Xenia Yara Zoe Anton Bella Carl Dora
"""
_LAST = """
    Arnold Becker Collins Dietrich Evans Fischer Grant Hansen Ivanov Jensen Keller
    Lorenz Meyer Nolan Orlov Parker Quist Richter Sommer Turner Ulrich Vogel Winter
"""
FIRST, LAST = _FIRST.split(), _LAST.split()


def place_names(place: Place) -> list[str]:
    """Name the campaigns of a place."""
    return [
        campaign_name(party, direction)
        for party in place.parties
        for direction in party.directions
    ]


def campaign_name(party: Party, direction: str) -> str:
    """Name the campaign of one direction."""
    return f"{party.name}-{direction.replace(' ', '-')}"
