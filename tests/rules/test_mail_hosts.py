"""The laws of mail hosts: a way back for bounces, and names that lead both ways."""

from __future__ import annotations

import pytest

from outreachd.rules.mail_hosts import check_helo, check_mx, check_ptr
from outreachd.rules.relay import Relay
from tests.rules.dns import DeadDns, Dns, Zone

OUT = "1.2.0.192.in-addr.arpa PTR"
OURS = Relay("ours", "127.0.0.1", ("192.0.2.1",), "out.d.example")
UNSEEN = Relay("unseen", "smtp.example.net")
GOOGLE = Relay("google", "smtp.gmail.com")


@pytest.mark.parametrize(
    ("zone", "faults", "finding", "words"),
    [
        ({"d MX": ["10 h"], "h A": ["192.0.2.1"]}, [], "ok", "goes to h"),
        ({"d MX": ["5 x", "10 h"], "h AAAA": ["::1"]}, ["x"], "ok", "goes to h"),
        ({"d MX": ["10 h"]}, [], "wrong", "have no address: h"),
        ({"d MX": ["5 x", "10 h"]}, ["x"], "unknown", "about x"),
        ({"d MX": ["0 "]}, [], "wrong", "null MX"),
        ({"d A": ["192.0.2.1"]}, [], "ok", "its own address"),
        ({}, [], "missing", "add one"),
        ({}, ["d"], "unknown", "about d"),
    ],
)
def test_mail_finds_a_host(
    zone: Zone, faults: list[str], finding: str, words: str
) -> None:
    """One host with an address is enough; none, or a null MX, is told."""
    told = Dns(zone, faults).follow(check_mx("d"))
    assert told.finding == finding
    assert words in told.detail


@pytest.mark.parametrize(
    ("zone", "faults", "finding", "words"),
    [
        ({OUT: ["o.d"], "o.d A": ["192.0.2.1"]}, [], "ok", "both ways"),
        ({OUT: ["x", "o.d"], "o.d A": ["192.0.2.1"]}, ["x"], "ok", "both ways"),
        ({OUT: ["o.d"], "o.d A": ["192.0.2.2"]}, [], "wrong", "does not lead back"),
        ({OUT: ["o.d"]}, ["o.d"], "unknown", "about o.d"),
        ({}, [], "missing", "ask its hoster"),
        ({}, ["1.2.0.192.in-addr.arpa"], "unknown", "the name of 192.0.2.1"),
    ],
)
def test_an_address_has_a_name_that_leads_back(
    zone: Zone, faults: list[str], finding: str, words: str
) -> None:
    """RFC 1912 section 2.1."""
    told = Dns(zone, faults).follow(check_ptr([OURS]))
    assert told.finding == finding
    assert words in told.detail


@pytest.mark.parametrize(
    ("zone", "faults", "finding", "words"),
    [
        ({"out.d.example A": ["192.0.2.1"]}, [], "ok", "leads to account ours"),
        ({"out.d.example A": ["192.0.2.2"]}, [], "wrong", "leads elsewhere"),
        ({}, [], "missing", "has no address"),
        ({}, ["out.d.example"], "unknown", "did not tell"),
    ],
)
def test_the_name_in_helo_leads_to_the_relay(
    zone: Zone, faults: list[str], finding: str, words: str
) -> None:
    """RFC 5321 section 4.1.4."""
    told = Dns(zone, faults).follow(check_helo([OURS]))
    assert told.finding == finding
    assert words in told.detail


def test_of_relays_that_are_not_seen_nothing_is_claimed() -> None:
    """Large providers look after themselves; of others the operator must tell."""
    nameless = Relay("ours", "127.0.0.1", ("192.0.2.1",))
    for check in (check_ptr, check_helo):
        assert Dns({}).follow(check([GOOGLE])).finding == "ok"
        told = Dns({}).follow(check([UNSEEN]))
        assert told.finding == "unknown"
        assert "[checks.relays.unseen] addresses" in told.detail
        assert Dns({}).follow(check([])).finding == "unknown"
    assert "helo" in Dns({}).follow(check_helo([nameless])).detail


def test_a_dead_dns_is_unknown() -> None:
    """Never missing, never wrong."""
    dead = DeadDns()
    for inquiry in (check_mx("d"), check_ptr([OURS]), check_helo([OURS])):
        assert dead.follow(inquiry).finding == "unknown"
