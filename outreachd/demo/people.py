"""The demo's contacts: made-up people at made-up companies, dealt out to campaigns.

Each address is there once in all the fleet, so that a recipient tells the letter. The
same seed makes the same people. A place gets contacts in proportion to what its
mailboxes may send, so that every contact can be reached within the day.
Errors: TooManyError when they cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random

from outreachd.demo.fleet import capacities
from outreachd.demo.places import FIRST, LAST, PLACES, Place, campaign_name
from outreachd.rules.contact_row import NewContact

# Part of a place's capacity that is used: retries need room, and chance is not even.
FILLED = 0.9
MOST_CONTACTS = 20_000

_COMPANIES = """
    Aurora Birch Cobalt Delta Ember Falcon Granite Horizon Iris Juniper Kelvin Lumen
    Meridian Nimbus Onyx Pioneer Quartz Ridge Summit Tidal Umbra Vertex Willow Zenith
"""
_BRANCHES = ("Foods", "Works", "Trade", "Labs", "Clinics", "Marine", "Steel", "Print")
_CONSENTED = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)


class TooManyError(ValueError):
    """More contacts than can be written to in a day; the text says how many can."""


def usual_contacts(mailboxes: int) -> int:
    """Tell how many contacts fill the day of so many mailboxes, at most 20 000."""
    return min(int(FILLED * sum(capacities(mailboxes).values())), MOST_CONTACTS)


def people(mailboxes: int, contacts: int, seed: int) -> dict[str, list[NewContact]]:
    """Make the contacts of each campaign."""
    rooms = capacities(mailboxes)
    most = int(FILLED * sum(rooms.values()))
    if contacts > most:
        raise TooManyError(
            f"{mailboxes} mailboxes can write to {most} contacts in a day at most: "
            f"ask for fewer --contacts or more --mailboxes"
        )
    # The order of people is by chance, their names and addresses are not.
    dice = Random(seed)  # noqa: S311 - no secret hangs on a made-up name
    made: dict[str, list[NewContact]] = {}
    numbers = iter(range(contacts))
    counts = _deal(contacts, [rooms[place.city] for place in PLACES])
    for place, count in zip(PLACES, counts, strict=True):
        made |= _in_place(place, count, numbers, dice)
    return made


def _in_place(
    place: Place, count: int, numbers: Iterable[int], dice: Random
) -> dict[str, list[NewContact]]:
    made: dict[str, list[NewContact]] = {}
    parts = [party.part for party in place.parties]
    numbers = iter(numbers)
    for party, of_party in zip(place.parties, _deal(count, parts), strict=True):
        for direction, n in zip(
            party.directions, _deal(of_party, (0.6, 0.4)), strict=True
        ):
            campaign = campaign_name(party, direction)
            made[campaign] = [_person(next(numbers), place, dice) for _ in range(n)]
    return made


def _deal(count: int, parts: Iterable[float]) -> list[int]:
    """Split a count by parts; the sum is exact."""
    parts = list(parts)
    dealt: list[int] = []
    total, so_far = sum(parts), 0.0
    for part in parts:
        so_far += part
        dealt.append(round(count * so_far / total) - sum(dealt))
    return dealt


def _person(number: int, place: Place, dice: Random) -> NewContact:
    first, last = dice.choice(FIRST), dice.choice(LAST)
    company = f"{dice.choice(_COMPANIES.split())} {dice.choice(_BRANCHES)}"
    host = company.lower().replace(" ", "-")
    return NewContact(
        line=number + 2,
        email=f"{first}.{last}.{number}@{host}.example".lower(),
        timezone=dice.choice(place.zones),
        variables={"first_name": first, "company": company},
        consent_basis="consent",
        consent_source="trade fair",
        consent_at=_CONSENTED,
    )
