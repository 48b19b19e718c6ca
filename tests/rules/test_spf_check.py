"""The laws of judging a sending domain's SPF: each finding can be reached."""

from __future__ import annotations

import pytest

from outreachd.rules.finding import Found
from outreachd.rules.relay import Relay
from outreachd.rules.spf_check import check_spf
from tests.rules.dns import DeadDns, Dns, Zone

OURS = Relay("ours", "127.0.0.1", ("192.0.2.1", "2001:db8::1"))
GOOGLE = Relay("google", "smtp.gmail.com")
UNSEEN = Relay("unseen", "smtp.example.net")
THEIRS = {
    "_spf.google.com TXT": ["v=spf1 include:_net.google.com ~all"],
    "_net.google.com TXT": ["v=spf1 ip4:203.0.113.0/24 ~all"],
}


def found(spf: str | None, *relays: Relay, **more: object) -> Found:
    """Check d.example."""
    zone: Zone = THEIRS | ({"d.example TXT": [f"v=spf1 {spf}"]} if spf else {})
    dns = Dns(zone, more.get("faults", ()))  # type: ignore[arg-type]
    return dns.follow(check_spf("d.example", relays))


@pytest.mark.parametrize(
    ("spf", "relay", "finding", "words"),
    [
        (None, OURS, "missing", "publish a TXT record"),
        ("ip4:192.0.2.1 ip6:2001:db8::/64 -all", OURS, "ok", "lets 192.0.2.1"),
        ("ip4:192.0.2.1 -all", OURS, "wrong", "add ip6:2001:db8::1"),
        ("ip4:198.51.100.1 ~all", OURS, "wrong", "add ip4:192.0.2.1"),
        ("+all", OURS, "wrong", "anybody"),
        ("-all", UNSEEN, "wrong", "nobody"),
        ("a:b:c -all", OURS, "wrong", "SPF is broken"),
        ("include:_spf.google.com ~all", GOOGLE, "ok", "Google"),
        ("ip4:203.0.113.0/25 ~all", GOOGLE, "ok", "Google"),
        ("ip4:198.51.100.1 ~all", GOOGLE, "wrong", "add include:_spf.google.com"),
        ("ip4:198.51.100.1 ~all", UNSEEN, "ok", "not seen from here"),
    ],
)
def test_every_finding_is_reached(
    spf: str | None, relay: Relay, finding: str, words: str
) -> None:
    """One sentence, and what to do where there is something to do."""
    told = found(spf, relay)
    assert told.finding == finding
    assert words in told.detail


def test_a_flattened_include_is_as_good_as_the_include() -> None:
    """Under another name the provider's own networks count."""
    assert found("ip4:203.0.113.0/24 -all", GOOGLE).finding == "ok"


def test_a_macro_that_names_the_relay_is_broken_only_for_it() -> None:
    """What is a permanent error for one address is told."""
    text = "exists:%{i}.x exists:%{l}.y exists:%{i}.z ip4:198.51.100.1 -all"
    told = found(text, OURS)
    assert (told.finding, "broken" in told.detail) == ("wrong", True)


@pytest.mark.parametrize("name", ["d.example", "_spf.google.com", "x.example"])
def test_a_dead_dns_is_unknown(name: str) -> None:
    """Never wrong, whichever name cannot be looked up."""
    spf = "ip4:198.51.100.1 exists:%{i}.x.example a:x.example -all"
    relays = (GOOGLE,) if name == "_spf.google.com" else (OURS,)
    if name == "_spf.google.com":
        spf = "ip4:198.51.100.1 -all"
    assert found(spf, *relays, faults=[name]).finding == "unknown"


def test_with_nothing_to_ask_all_is_unknown() -> None:
    """A machine that is cut off accuses nobody."""
    told = DeadDns().follow(check_spf("d.example", [OURS, GOOGLE]))
    assert told.finding == "unknown"
