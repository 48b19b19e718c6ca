"""The demo's fleet: six clients in four cities, forty domains, 1200 mailboxes.

Everything is made by rule from a number of mailboxes, so that two runs have the same
fleet. Names end in ``.example`` (RFC 2606): nobody can be reached. One domain in ten
warms up.

Always holds: what ``capacities`` promises for a place can leave in one working day.
Limits are letters; ports are TCP ports on loopback.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from outreachd.demo.places import FIRST, LAST, PLACES, Party, Place, campaign_name
from outreachd.rules.address import domain_of
from outreachd.rules.model import DelayUnit, Kind, OnUncertain, Ramp, Tls
from outreachd.rules.wanted import (
    Fleet,
    Pool,
    WantedAccount,
    WantedCampaign,
    WantedClient,
    WantedDomain,
    WantedMailbox,
    WantedStep,
    WrittenCalendar,
)
from outreachd.rules.warmup import daily_allowance

ACCOUNTS = ("relay-1", "relay-2", "relay-3", "relay-4", "relay-5", "relay-6")
MAILBOXES_A_DOMAIN = 30
MOST_DOMAINS = 40

DOMAIN_LIMIT, DOMAIN_A_MINUTE = 600, 4.0
WARMING = Ramp(start=200, end=DOMAIN_LIMIT, days=28)
# Slow enough that a domain which warms up does not fill: who was told to come back
# later must still find room there on the same day.
WARMING_A_MINUTE = 1.0
MAILBOX_LIMIT, MAILBOX_AN_HOUR, GAP_S, JITTER = 40, 10, 90.0, 0.6
MAILBOX_WARMING = Ramp(start=10, end=MAILBOX_LIMIT, days=21)
OPENS_MIN, CLOSES_MIN = 9 * 60, 18 * 60


# Which place each domain of ten is in: the two shared places have more.
_PLACE_OF = (0, 1, 2, 3, 0, 1, 2, 3, 1, 3)


def build_fleet(mailboxes: int, ports: Mapping[str, int]) -> Fleet:
    """Make the fleet of so many mailboxes; ``ports`` are where the accounts listen."""
    domains = {domain.name: domain for domain in _domains(mailboxes)}
    boxes = {box.address: box for box in _mailboxes(mailboxes)}
    campaigns = {c.name: c for place in PLACES for c in _campaigns(place, boxes)}
    return Fleet(
        {
            Kind.CLIENT: {
                party.name: _client(party, place)
                for place in PLACES
                for party in place.parties
            },
            Kind.ACCOUNT: {name: _account(name, ports[name]) for name in ACCOUNTS},
            Kind.DOMAIN: domains,
            Kind.MAILBOX: boxes,
            Kind.CAMPAIGN: campaigns,
        }
    )


def capacities(mailboxes: int) -> dict[str, int]:
    """Tell how many letters may leave in each place on its first day."""
    room = dict.fromkeys((place.city for place in PLACES), 0)
    of_domain: dict[str, int] = {}
    for box in _mailboxes(mailboxes):
        name = domain_of(box.address)
        cap = daily_allowance(box.daily_limit, box.warmup, 0)
        of_domain[name] = of_domain.get(name, 0) + cap
    for domain in _domains(mailboxes):
        cap = daily_allowance(domain.daily_limit, domain.warmup, 0)
        room[domain.name.split(".")[1]] += min(cap, of_domain[domain.name])
    return room


def count_domains(mailboxes: int) -> int:
    """Tell on how many domains so many mailboxes are."""
    wanted = -(-mailboxes // MAILBOXES_A_DOMAIN)
    return max(min(wanted, MOST_DOMAINS), len(PLACES))


def _place(number: int) -> Place:
    return PLACES[_PLACE_OF[number % 10]]


def _is_warming(number: int) -> bool:
    return number % 10 == number // 10  # one of each ten, each time in another place


def _domain_name(number: int) -> str:
    return f"mail{number + 1:02d}.{_place(number).city}.example"


def _domains(mailboxes: int) -> Iterator[WantedDomain]:
    for number in range(count_domains(mailboxes)):
        warms = _is_warming(number)
        first, second = number % len(ACCOUNTS), (number + 1) % len(ACCOUNTS)
        yield WantedDomain(
            name=_domain_name(number),
            accounts=(ACCOUNTS[first], ACCOUNTS[second]),
            daily_limit=DOMAIN_LIMIT,
            rate_per_minute=WARMING_A_MINUTE if warms else DOMAIN_A_MINUTE,
            warmup=WARMING if warms else None,
            timezone=_place(number).zones[0],
        )


def _mailboxes(mailboxes: int) -> Iterator[WantedMailbox]:
    domains = count_domains(mailboxes)
    for number in range(mailboxes):
        domain, seat = number % domains, number // domains
        place = _place(domain)
        first = FIRST[seat % len(FIRST)]
        last = LAST[(domain * 7 + seat // len(FIRST)) % len(LAST)]
        yield WantedMailbox(
            address=f"{first}.{last}@{_domain_name(domain)}".lower(),
            name=f"{first} {last}",
            daily_limit=MAILBOX_LIMIT,
            hourly_limit=MAILBOX_AN_HOUR,
            min_gap_s=GAP_S,
            jitter=JITTER,
            workday_start_min=OPENS_MIN,
            workday_end_min=CLOSES_MIN,
            timezone=place.zones[0],
            warmup=MAILBOX_WARMING if _is_warming(domain) else None,
            signature=f"{first} {last}",
            tags=(place.city,),
            username=None,
        )


def _client(party: Party, place: Place) -> WantedClient:
    return WantedClient(
        name=party.name,
        share=party.share,
        daily_limit=None,
        postal_address=party.postal_address,
        contact_url=f"https://{party.name}.example/contact",
        timezone=place.zones[0],
    )


def _account(name: str, port: int) -> WantedAccount:
    return WantedAccount(
        name=name,
        kind="smtp",
        host="127.0.0.1",
        port=port,
        tls=Tls.NONE,
        username=None,
        rate_per_second=100.0,
        daily_limit=None,
        max_connections=20,
        timezone="UTC",
    )


def _campaigns(
    place: Place, boxes: Mapping[str, WantedMailbox]
) -> Iterator[WantedCampaign]:
    pool = frozenset(a for a, box in boxes.items() if place.city in box.tags)
    for party in place.parties:
        for direction, zone in zip(
            party.directions, (place.zones[0], "recipient"), strict=True
        ):
            yield WantedCampaign(
                name=campaign_name(party, direction),
                client=party.name,
                direction=direction,
                share=1.0,
                pool=Pool(tags=(place.city,)),
                calendar=WrittenCalendar(
                    days="mon-fri", hours="09:00-18:00", timezone=zone, holidays=""
                ),
                on_uncertain=OnUncertain.HOLD,
                useful_for_s=None,
                mailboxes=pool,
                steps=(_letter(direction),),
            )


def _letter(direction: str) -> WantedStep:
    return WantedStep(
        subject=f"{{{{ first_name }}}}, a question about {direction}",
        text=(
            "Hello {{ first_name }},\n\n"
            f"is somebody at {{{{ company }}}} in charge of {direction}? We would\n"
            "like to show what we do, in ten minutes and without slides.\n\n"
            "{{ signature }}\n"
        ),
        html=None,
        delay=0,
        delay_unit=DelayUnit.MINUTES,
    )
