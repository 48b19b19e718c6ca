"""The laws of reading SPF records, each with its paragraph of RFC 7208."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from outreachd.rules.spf_record import SpfSyntaxError, expanded, is_spf, parse


def test_every_mechanism_is_read() -> None:
    """Section 5: qualifiers, domains, networks and both sizes; case does not matter."""
    record = parse(
        "v=spf1 +A ?mx:m.example/24//64 a/28 -include:i.example ~ip4:192.0.2.1/24 "
        "IP6:2001:db8::/32 ptr ptr:p.example exists:%{i}.e.example unknown=x -all"
    )
    shown = [(t.qualifier, t.mechanism, t.domain) for t in record.terms]
    assert shown == [
        ("+", "a", ""),
        ("?", "mx", "m.example"),
        ("+", "a", ""),
        ("-", "include", "i.example"),
        ("~", "ip4", ""),
        ("+", "ip6", ""),
        ("+", "ptr", ""),
        ("+", "ptr", "p.example"),
        ("+", "exists", "%{i}.e.example"),
        ("-", "all", ""),
    ]
    assert (record.terms[1].size4, record.terms[1].size6) == (24, 64)
    assert (record.terms[2].size4, record.terms[2].size6) == (28, 128)
    assert record.terms[4].network == ip_network("192.0.2.0/24")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "a:",
        "include",
        "include:",
        "all:x",
        "ip4:192.0.2.300",
        "ip4:2001:db8::1",
        "ip6:192.0.2.1",
        "a/33",
        "mx//129",
        "a:x/y/z",
        "redirect=a redirect=b",
        "redirect=",
        "exp=a exp=b",
        "!all",
        "ip5:1.2.3.4",
    ],
)
def test_what_receivers_refuse_is_refused(text: str) -> None:
    """Section 4.6: one bad term makes the whole record a permanent error."""
    with pytest.raises(SpfSyntaxError):
        parse(f"v=spf1 {text} -all")


def test_redirect_counts_only_without_all() -> None:
    """Section 6.1."""
    assert parse("v=spf1 a redirect=r.example").redirect == "r.example"
    assert parse("v=spf1 redirect=r.example ~all").redirect is None


def test_only_the_version_alone_makes_an_spf_record() -> None:
    """Section 4.5: "v=spf10" is another thing."""
    assert is_spf("v=spf1")
    assert is_spf("V=SPF1 -all")
    assert not is_spf("v=spf10 -all")
    assert not is_spf("spf2.0/pra")


@pytest.mark.parametrize(
    ("macro", "value"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{p}.%{h}%%%_%-", "unknown.mx.example% %20"),
        ("%{S}", "strong-bad%40email.example.com"),
    ],
)
def test_macros_expand_as_the_rfc_shows(macro: str, value: str) -> None:
    """Section 7.4, the examples."""
    assert value == expanded(
        macro,
        domain="email.example.com",
        sender="strong-bad@email.example.com",
        address="192.0.2.3",
        helo="mx.example",
    )


def test_macros_of_six_are_nibbles_and_long_names_lose_their_head() -> None:
    """Section 7.3."""
    told = {"domain": "d.example", "sender": "a@d.example", "helo": "h"}
    six = expanded("%{ir}.%{v}", address="2001:db8::1", **told)
    assert six is not None
    assert six.endswith("8.b.d.0.1.0.0.2.ip6")
    long = expanded("%{d}", address=None, **told | {"domain": "a." * 200 + "end"})
    assert long is not None
    assert len(long) <= 253
    assert long.endswith(".end")


def test_what_needs_an_unknown_address_is_not_guessed() -> None:
    """None = it depends on who sends; a macro that is none is an error."""
    told = {"domain": "d.example", "sender": "a@d.example", "helo": "h"}
    assert expanded("%{i}.x", address=None, **told) is None
    assert expanded("%{d}.x", address=None, **told) == "d.example.x"
    for bad in ("%{x}", "%{d0}", "%a"):
        with pytest.raises(SpfSyntaxError):
            expanded(bad, address="192.0.2.1", **told)
