"""The laws of evaluating SPF: every result, every limit, counted as receivers count."""

from __future__ import annotations

import pytest

from outreachd.rules.spf import SpfOutcome, SpfResult, evaluate
from tests.rules.dns import Dns, Zone

IN, OUT = "192.0.2.1", "198.51.100.9"


def result(zone: Zone, address: str | None = IN, **more: object) -> SpfOutcome:
    """Evaluate d.example."""
    faults = more.pop("faults", ())
    dns = Dns(zone, faults)  # type: ignore[arg-type] # of the tests below
    return dns.follow(evaluate("d.example", address=address))


def spf(text: str, **others: str) -> dict[str, list[str]]:
    """Make a zone with one SPF record and others by the first label of their names."""
    zone = {"d.example TXT": ["unrelated", f"v=spf1 {text}"]}
    return zone | {f"{k}.example TXT": [f"v=spf1 {v}"] for k, v in others.items()}


@pytest.mark.parametrize(
    ("text", "address", "expected"),
    [
        ("ip4:192.0.2.0/24 -all", IN, "pass"),
        ("ip4:192.0.2.0/24 -all", OUT, "fail"),
        ("ip4:192.0.2.0/24 ~all", OUT, "softfail"),
        ("ip4:192.0.2.0/24 ?all", OUT, "neutral"),
        ("ip4:192.0.2.0/24", OUT, "neutral"),
        ("-ip4:192.0.2.1 +all", IN, "fail"),
        ("ip6:2001:db8::/32 -all", "2001:db8::7", "pass"),
        ("ip6:2001:db8::/32 -all", IN, "fail"),
        ("a -all", IN, "pass"),
        ("a:h.example/24 -all", "192.0.2.200", "pass"),
        ("a:h.example -all", "2001:db8::5", "pass"),
        ("mx -all", IN, "pass"),
        ("mx:none.example -all", IN, "fail"),
        ("ptr -all", IN, "pass"),
        ("ptr:other.example -all", IN, "fail"),
        ("exists:%{ir}.e.example -all", IN, "pass"),
        ("exists:%{ir}.e.example -all", OUT, "fail"),
        ("include:i.example -all", IN, "pass"),
        ("include:i.example ~all", OUT, "softfail"),
        ("redirect=i.example", OUT, "fail"),
    ],
)
def test_every_mechanism_decides(text: str, address: str, expected: str) -> None:
    """RFC 7208 section 5, each mechanism met and missed."""
    zone = spf(text, i="ip4:192.0.2.0/24 -all") | {
        "d.example A": ["192.0.2.1"],
        "h.example A": ["192.0.2.9"],
        "h.example AAAA": ["2001:db8::5"],
        "d.example MX": ["10 h2.example", "20 d.example"],
        "h2.example A": ["203.0.113.1"],
        "1.2.0.192.in-addr.arpa PTR": ["out.d.example", "forged.other.example"],
        "out.d.example A": ["192.0.2.1"],
        "1.2.0.192.e.example A": ["127.0.0.2"],
    }
    assert result(zone, address).result == expected


@pytest.mark.parametrize(
    ("zone", "why"),
    [
        ({"d.example TXT": ["v=spf1 a", "v=spf1 mx"]}, "2 SPF records"),
        (spf("ip4:nonsense"), "no network"),
        (spf("include:gone.example -all"), "leads to no SPF record"),
        (spf("redirect=gone.example"), "leads to no SPF record"),
        (spf("include:i.example", i="what is this"), "record of i.example"),
        (spf("include:d.example"), "more than 10 DNS look-ups"),
        (spf(" ".join(f"a:h{n}.example" for n in range(11))), "more than"),
        (spf("a:x1.example a:x2.example a:x3.example"), "more than 2 of its look-ups"),
        (
            spf("mx") | {"d.example MX": [f"10 h{n}.example" for n in range(11)]},
            "more than 10 names",
        ),
        (spf("a:%{z}.example"), "macro"),
    ],
)
def test_what_is_broken_is_named(zone: Zone, why: str) -> None:
    """A permanent error says which, so that somebody can mend it."""
    for address in (IN, None):
        found = result(zone, address)
        assert found.result is SpfResult.PERMERROR
        assert why in found.why


def test_ten_look_ups_are_allowed_and_counted() -> None:
    """RFC 7208 section 4.6.4: include, a, mx, ptr, exists, redirect; not ip4 or all."""
    zone = spf(
        "include:i.example a:h.example ip4:198.51.100.0/24 redirect=r.example",
        i=" ".join(["a:h.example"] * 6 + ["-all"]),
        r="mx:h.example -all",
    ) | {"h.example A": ["203.0.113.1"], "h.example MX": ["1 h.example"]}
    found = result(zone)
    assert (found.result, found.lookups) == (SpfResult.FAIL, 10)


def test_without_an_address_the_whole_tree_is_walked() -> None:
    """What no receiver might reach in one case is counted in another."""
    zone = spf(
        "ip4:192.0.2.0/24 include:i.example exists:%{i}.x.example ptr ~all",
        i="ip6:2001:db8::/32 a:h.example -all",
    ) | {"h.example AAAA": ["2001:db8::1"]}
    found = result(zone, None)
    assert found.result is SpfResult.SOFTFAIL
    assert found.lookups == 4
    assert found.visited == {"d.example", "i.example"}
    assert [str(net) for net in found.networks] == ["192.0.2.0/24", "2001:db8::/32"]
    assert found.grants
    assert not result(spf("-all"), None).grants


def test_a_record_that_passes_anybody_is_seen() -> None:
    """Also when the +all stands in an include."""
    assert result(spf("+all"), None).result is SpfResult.PASS
    found = result(spf("include:i.example -all", i="+all"), None)
    assert found.result is SpfResult.PASS


@pytest.mark.parametrize("name", ["d.example", "i.example", "h.example"])
def test_a_fault_of_the_dns_says_nothing_of_the_domain(name: str) -> None:
    """A time-out anywhere in the tree is a temporary error, never "none" or "fail"."""
    zone = spf("include:i.example a:h.example -all", i="-all")
    found = result(zone, OUT, faults=[name])
    assert found.result is SpfResult.TEMPERROR
    assert name in found.why


def test_a_domain_without_spf_has_none() -> None:
    """No name and no record are the same to SPF."""
    assert result({}).result is SpfResult.NONE
    assert result({"d.example TXT": ["v=spf10 a"]}).result is SpfResult.NONE
