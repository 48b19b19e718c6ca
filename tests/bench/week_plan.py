"""The week's plan: six clients, four campaigns each, three steps, twelve zones.

Facts in words of their own, from which the fleet file is written and by which the
referee judges: nothing here comes from outreachd. Two clock changes lie within,
Europe's on 25 October and North America's on 1 November 2026, and holidays of eight of
the countries. One campaign writes at night, through both changes. The same seed makes
the same people; some addresses are with two clients, some in two campaigns of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

BEGINS = datetime(2026, 10, 23, tzinfo=UTC)  # a Friday
ENDS = datetime(2026, 11, 3, tzinfo=UTC)
CONTACTS_A_MAILBOX = 160
# Workdays between a letter and the one before it, by step.
DELAYS = {2: 2, 3: 1}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE_DAY = (0, 24 * 60)


@dataclass(frozen=True, slots=True)
class Home:
    """Where people live: a zone, a country, a part of it."""

    zone: str
    country: str
    region: str


HOMES = (
    Home("Europe/Berlin", "DE", "BY"),
    Home("Europe/Vienna", "AT", ""),
    Home("Europe/Dublin", "IE", ""),
    Home("Europe/Athens", "GR", ""),
    Home("Europe/Istanbul", "TR", ""),
    Home("Europe/Prague", "CZ", ""),
    Home("Europe/Budapest", "HU", ""),
    Home("Europe/London", "GB", ""),
    Home("America/New_York", "US", "NY"),
    Home("America/Chicago", "US", "IL"),
    Home("America/Los_Angeles", "US", "CA"),
    Home("America/Sao_Paulo", "BR", "SP"),
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """When a campaign writes, in the recipient's time, and what weight it has."""

    name: str
    client: str
    weight: int
    last_day: int  # from Monday on; 6 = Sunday
    minutes: tuple[int, int]  # of the day, [from, to)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A sender, and when it works."""

    address: str
    zone: str
    minutes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Person:
    """One person in one campaign; ``states_zone``: the list names the zone itself."""

    email: str
    campaign: Campaign
    home: Home
    states_zone: bool


CLIENTS = {"ada": 1, "bell": 1, "curie": 2, "darwin": 2, "euler": 3, "fermi": 3}
# Weight, last day of the week, hours.
KINDS = (
    (3, 4, (9 * 60, 17 * 60)),
    (2, 4, (8 * 60 + 30, 12 * 60 + 30)),
    (1, 5, (10 * 60, 18 * 60)),
    (2, 6, (9 * 60, 20 * 60)),
)
NIGHT = (2, 6, (60, 5 * 60))
# Zone and hours of each mailbox of four.
OFFICES = (
    ("Europe/Berlin", (8 * 60, 18 * 60)),
    ("Europe/Berlin", (8 * 60, 18 * 60)),
    ("America/New_York", (8 * 60, 18 * 60)),
    ("Europe/Berlin", WHOLE_DAY),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to happen."""

    campaigns: dict[str, Campaign]
    mailboxes: dict[str, Mailbox]
    people: list[Person]
    of: dict[tuple[str, str], Person] = field(init=False)  # by campaign and address

    def __post_init__(self) -> None:
        """Find people by what a letter names."""
        known = {(one.campaign.name, one.email): one for one in self.people}
        object.__setattr__(self, "of", known)


def make_plan(contacts: int, seed: int = 1) -> Plan:
    """Make the plan for about so many contacts."""
    campaigns = {campaign.name: campaign for campaign in _campaigns()}
    boxes = max(contacts // CONTACTS_A_MAILBOX, 24)
    dice = Random(seed)
    units = sum(CLIENTS[c.client] * c.weight for c in campaigns.values())
    people, number = [], 0
    for campaign in campaigns.values():
        count = round(contacts * CLIENTS[campaign.client] * campaign.weight / units)
        # A stranger, or in every 25th row somebody whom others write to as well.
        shared = count // 25
        people += [_person(n, campaign, dice) for n in range(number, number + count)]
        number += count - shared
    return Plan(campaigns, {box.address: box for box in _mailboxes(boxes)}, people)


def _campaigns() -> Iterator[Campaign]:
    for client in CLIENTS:
        for n, (weight, last_day, minutes) in enumerate(KINDS, 1):
            is_night = client == "fermi" and n == len(KINDS)
            kind = NIGHT if is_night else (weight, last_day, minutes)
            yield Campaign(f"{client}-{n}", client, *kind)


def _mailboxes(count: int) -> Iterator[Mailbox]:
    for n in range(count):
        zone, minutes = OFFICES[n % len(OFFICES)]
        yield Mailbox(f"box{n}@mail{n % 20:02d}.sender.example", zone, minutes)


def _person(number: int, campaign: Campaign, dice: Random) -> Person:
    # By the number, so that who is known to two clients lives in one place.
    home = HOMES[number * 7 % len(HOMES)]
    email = f"p{number}@d{number % 3000}.people.example"
    return Person(email, campaign, home, dice.random() < 0.5)


def hours(minutes: tuple[int, int]) -> str:
    """Write hours as the fleet file has them."""
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes)
