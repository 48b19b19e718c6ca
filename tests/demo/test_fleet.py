"""The laws of the demo's fleet."""

from collections import Counter

import pytest

from outreachd.demo.fleet import ACCOUNTS, build_fleet, capacities, count_domains
from outreachd.demo.places import PLACES, place_names
from outreachd.rules.model import Kind
from outreachd.rules.wanted import WantedCampaign, WantedDomain, WantedMailbox

PORTS = {name: 2525 + i for i, name in enumerate(ACCOUNTS)}


def test_the_usual_fleet_has_the_size_that_is_promised() -> None:
    """1200 mailboxes on 40 domains, thirty each, 6 clients with 2 directions each."""
    things = build_fleet(1200, PORTS).things
    assert len(things[Kind.MAILBOX]) == 1200
    assert len(things[Kind.DOMAIN]) == 40
    assert len(things[Kind.CLIENT]) == 6
    of_domain = Counter(address.rpartition("@")[2] for address in things[Kind.MAILBOX])
    assert set(of_domain.values()) == {30}
    directions = Counter(
        c.client
        for c in things[Kind.CAMPAIGN].values()
        if isinstance(c, WantedCampaign)
    )
    assert directions == dict.fromkeys(things[Kind.CLIENT], 2)
    assert sum(capacities(1200).values()) > 20_000


@pytest.mark.parametrize("mailboxes", [4, 13, 60, 1200, 12_000])
def test_every_fleet_holds_together(mailboxes: int) -> None:
    """Mailboxes are on known domains, domains have known accounts, pools are full."""
    things = build_fleet(mailboxes, PORTS).things
    assert len(things[Kind.MAILBOX]) == mailboxes
    assert len(things[Kind.DOMAIN]) == count_domains(mailboxes)
    for domain in things[Kind.DOMAIN].values():
        assert isinstance(domain, WantedDomain)
        assert set(domain.accounts) <= set(things[Kind.ACCOUNT])
        assert len(set(domain.accounts)) == 2
    for campaign in things[Kind.CAMPAIGN].values():
        assert isinstance(campaign, WantedCampaign)
        assert campaign.mailboxes
        assert campaign.mailboxes <= set(things[Kind.MAILBOX])
        assert campaign.client in things[Kind.CLIENT]


def test_places_have_their_own_mailboxes_and_hours() -> None:
    """A mailbox keeps the hours of its city, and serves only clients of that city."""
    things = build_fleet(120, PORTS).things
    for place in PLACES:
        for name in place_names(place):
            campaign = things[Kind.CAMPAIGN][name]
            assert isinstance(campaign, WantedCampaign)
            for address in campaign.mailboxes:
                box = things[Kind.MAILBOX][address]
                assert isinstance(box, WantedMailbox)
                assert box.timezone == place.zones[0]


def test_one_domain_in_ten_warms_up_each_in_another_place() -> None:
    """The picture shows ramps, and no place has lost its room to them."""
    domains = build_fleet(1200, PORTS).things[Kind.DOMAIN].values()
    warming = [d.name for d in domains if isinstance(d, WantedDomain) and d.warmup]
    assert len({name.split(".")[1] for name in warming}) == len(warming) == 4
