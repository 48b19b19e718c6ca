"""The laws of questions to the DNS asked as values."""

from __future__ import annotations

import pytest

from outreachd.rules.inquiry import (
    Outcome,
    RecordKind,
    addresses,
    ask,
    every,
    reverse_name,
    tags,
    text_records,
)
from tests.rules.dns import Dns


def test_a_rule_can_be_replayed() -> None:
    """The same answers lead to the same questions and the same end."""
    dns = Dns({"a.example A": ["192.0.2.1"]})
    for _ in range(2):
        found = dns.follow(every(ask(n, RecordKind.A) for n in ("a.example", "b")))
        assert [one.outcome for one in found] == [Outcome.FOUND, Outcome.NO_NAME]
    assert dns.asked == ["a.example A", "b A"] * 2


def test_one_family_is_enough() -> None:
    """A host with either kind of address has an address; a fault hides no answer."""
    dns = Dns({"six.example AAAA": ["2001:db8::1"], "t.example TXT": ["x"]}, ["bad"])
    assert dns.follow(addresses("six.example")).records == ("2001:db8::1",)
    assert dns.follow(addresses("t.example")).outcome is Outcome.NO_RECORD
    assert dns.follow(addresses("bad")).outcome is Outcome.FAULT


def test_reverse_names() -> None:
    """Both families have their tree."""
    assert reverse_name("192.0.2.1") == "1.2.0.192.in-addr.arpa"
    assert reverse_name("2001:db8::1").endswith(".8.b.d.0.1.0.0.2.ip6.arpa")


def test_only_records_of_the_version_count() -> None:
    """Other texts at the same name are not ours to judge."""
    zone = {"d TXT": ["v=DMARC1 ; p=none", "v=DMARC12; p=x", "v=spf1 -all", "V=dmarc1"]}
    found = Dns(zone).follow(text_records("d", "v=DMARC1"))
    assert found.records == ("v=DMARC1 ; p=none", "V=dmarc1")
    assert Dns(zone).follow(text_records("d", "v=X")).outcome is Outcome.NO_RECORD


def test_tags_are_read_and_doubles_refused() -> None:
    """Spaces do not matter, a last semicolon may stand."""
    assert tags(" v = DKIM1; p=a=b ;") == {"v": "DKIM1", "p": "a=b"}
    for bad in ("v=1; v=2", "v=1; word", "=x"):
        with pytest.raises(ValueError, match="tag"):
            tags(bad)
