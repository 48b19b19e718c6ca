"""The laws of blocklists: a list is believed only while it proves alive."""

from __future__ import annotations

import pytest

from outreachd.rules.blocklist import (
    Blocklist,
    Listing,
    check_blocklists,
    query_name,
    read,
)
from outreachd.rules.inquiry import Answer, Outcome
from tests.rules.dns import DeadDns, Dns, Zone

IPS = Blocklist("bl.example", is_of_domains=False)
NAMES = Blocklist("dbl.example", is_of_domains=True)
ALIVE: dict[str, list[str]] = {
    "2.0.0.127.bl.example A": ["127.0.0.2"],
    "test.dbl.example A": ["127.0.1.2"],
}


@pytest.mark.parametrize(
    ("zone", "faults", "finding", "words"),
    [
        ({}, [], "ok", "not listed by bl.example, dbl.example"),
        ({"1.2.0.192.bl.example A": ["127.0.0.4"]}, [], "wrong", "192.0.2.1 is listed"),
        (
            {"d.example.dbl.example A": ["127.0.1.2"]},
            [],
            "wrong",
            "d.example is listed",
        ),
        ({}, ["1.2.0.192.bl.example"], "ok", "no use from here: bl.example"),
        ({}, ["2.0.0.127.bl.example", "test.dbl.example"], "unknown", "could be asked"),
    ],
)
def test_a_listing_is_told_and_doubt_is_not_one(
    zone: Zone, faults: list[str], finding: str, words: str
) -> None:
    """Listed = wrong; a list that cannot answer for us changes nothing."""
    dns = Dns({**ALIVE, **zone}, faults)
    told = dns.follow(check_blocklists("d.example", ["192.0.2.1"], [IPS, NAMES]))
    assert told.finding == finding
    assert words in told.detail


@pytest.mark.parametrize(
    "zone",
    [
        {},
        {"2.0.0.127.bl.example A": ["127.255.255.254"]},
        {
            "2.0.0.127.bl.example A": ["127.0.0.2"],
            "1.0.0.127.bl.example A": ["127.0.0.2"],
        },
        {"2.0.0.127.bl.example A": ["203.0.113.7"]},
    ],
    ids=["dead", "refuses us", "lists everything", "its domain was sold"],
)
def test_a_list_that_does_not_prove_alive_accuses_nobody(zone: Zone) -> None:
    """Not even if it says that the address is listed."""
    dns = Dns({**zone, "1.2.0.192.bl.example A": ["127.0.0.2"]})
    told = dns.follow(check_blocklists("d.example", ["192.0.2.1"], [IPS]))
    assert told.finding == "unknown"


@pytest.mark.parametrize(
    ("codes", "listing"),
    [
        (("127.0.0.2",), Listing.LISTED),
        (("127.0.0.10", "127.0.0.3"), Listing.LISTED),
        ((), Listing.CLEAN),
        (("127.255.255.252",), Listing.UNCLEAR),
        (("127.255.255.255",), Listing.UNCLEAR),
        (("127.0.1.255",), Listing.UNCLEAR),
        (("127.0.0.1",), Listing.UNCLEAR),
        (("127.0.0.2", "10.0.0.1"), Listing.UNCLEAR),
    ],
)
def test_codes_are_read(codes: tuple[str, ...], listing: Listing) -> None:
    """RFC 5782: 127/8 but .1; a refusal is no listing, whatever stands beside it."""
    outcome = Outcome.FOUND if codes else Outcome.NO_NAME
    assert read(Answer(outcome, codes)) is listing
    assert read(Answer(Outcome.FAULT)) is Listing.UNCLEAR


def test_names_to_ask() -> None:
    """RFC 5782: reversed octets, reversed nibbles, names as they are."""
    assert query_name("192.0.2.99", "bl.example") == "99.2.0.192.bl.example"
    six = query_name("2001:db8::1", "bl.example")
    assert six.startswith("1.0.0.0.")
    assert six.endswith(".8.b.d.0.1.0.0.2.bl.example")
    assert query_name("d.example", "dbl.example") == "d.example.dbl.example"
    assert (
        Blocklist("dbl.spamhaus.org", is_of_domains=True).listed_entry == "dbltest.com"
    )


def test_without_addresses_only_domains_are_asked_for() -> None:
    """And without lists nobody is asked."""
    dns = Dns(ALIVE)
    assert dns.follow(check_blocklists("d.example", [], [IPS, NAMES])).finding == "ok"
    assert not any(name.endswith(".bl.example A") for name in dns.asked)
    assert Dns({}).follow(check_blocklists("d.example", [], [])).finding == "ok"


def test_a_dead_dns_is_unknown() -> None:
    """Never listed."""
    inquiry = check_blocklists("d.example", ["192.0.2.1"], [IPS, NAMES])
    assert DeadDns().follow(inquiry).finding == "unknown"
