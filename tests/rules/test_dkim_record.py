"""The laws of published DKIM keys: theirs is ours, or it is said what it is."""

from __future__ import annotations

import base64

import pytest

from outreachd.rules.dkim_record import (
    BadKeyRecordError,
    KeyKind,
    PublicKey,
    check_dkim,
    parse,
    pieces,
    record_name,
    record_text,
    wished,
)
from outreachd.rules.finding import Found
from outreachd.rules.model import Dkim, DkimSign
from outreachd.rules.relay import Relay
from tests.rules.dns import DeadDns, Dns

KEY = PublicKey("o1", KeyKind.ED25519, b"k" * 32)
RSA = PublicKey("o2", KeyKind.RSA, b"r" * 294)
B64 = base64.b64encode(KEY.data).decode()
RELAYS = (Relay("unseen", "smtp.example.net"),)
GOOGLE = (Relay("google", "smtp.gmail.com"),)


def found(
    *records: str,
    name: str = "o1._domainkey.d.example",
    keys: tuple[PublicKey, ...] = (KEY,),
    relays: tuple[Relay, ...] = RELAYS,
    lacking: tuple[str, ...] = (),
) -> Found:
    """Check d.example with these records at one name."""
    zone = {f"{name} TXT": records} if records else {}
    return Dns(zone).follow(check_dkim("d.example", keys, relays, lacking=lacking))


@pytest.mark.parametrize(
    ("record", "finding", "words"),
    [
        (record_text(KEY), "ok", "holds our ed25519 key"),
        (f"k=ed25519; p={B64}", "ok", "holds our"),
        (
            f"v=DKIM1;k=ed25519;t=s;h=sha256:sha1;s=email;p= {B64[:9]} {B64[9:]}",
            "ok",
            "",
        ),
        ("v=DKIM1; k=ed25519; p=", "wrong", "revoked"),
        (f"v=DKIM1; p={B64}", "wrong", "kind rsa"),
        ("v=DKIM1; k=ed25519; p=AAAA", "wrong", "another key"),
        ("v=DKIM1; k=ed25519; p=!", "wrong", "no base64"),
        ("v=DKIM1; k=ed25519", "wrong", "no p= tag"),
        (f"v=DKIM1; k=ed25519; h=sha1; p={B64}", "wrong", "sha256"),
        (f"v=DKIM1; k=ed25519; s=tlsrpt; p={B64}", "wrong", "s="),
        (f"v=DKIM1; v=DKIM1; p={B64}", "wrong", "given twice"),
        ("some words without a tag", "missing", "outreachd dkim d.example"),
    ],
)
def test_what_is_published_is_judged(record: str, finding: str, words: str) -> None:
    """Revoked, of another kind, another key, unreadable: each by its name."""
    told = found(record)
    assert told.finding == finding
    assert words in told.detail


def test_a_key_must_be_there_once() -> None:
    """None is missing, two are wrong: which one a receiver takes is open."""
    assert found().finding == "missing"
    assert found(record_text(KEY), record_text(RSA)).finding == "wrong"


def test_both_keys_must_be_published() -> None:
    """A second key that is not there leaves its signature worthless."""
    told = found(record_text(KEY), keys=(KEY, RSA))
    assert (told.finding, "o2._domainkey" in told.detail) == ("missing", True)


def test_a_domain_that_wants_to_sign_needs_a_key() -> None:
    """The way out is the command that makes one."""
    told = found(keys=(), lacking=("o1",))
    assert told.finding == "missing"
    assert "outreachd dkim d.example" in told.detail


def test_a_relay_that_signs_is_believed_only_where_it_is_seen() -> None:
    """A known provider's selector is looked at; of others nothing is claimed."""
    google = "google._domainkey.d.example"
    told = found(f"v=DKIM1; p={B64}", name=google, keys=(), relays=GOOGLE)
    assert told.finding == "ok"
    for record in ("v=DKIM1; p=", "v=DKIM1; h=sha1; p=AAAA"):
        told = found(record, name=google, keys=(), relays=GOOGLE)
        assert (told.finding, "switch its DKIM on" in told.detail) == ("unknown", True)
    assert found(keys=()).finding == "unknown"


def test_a_dead_dns_is_unknown() -> None:
    """Whoever signs."""
    for keys, relays in (((KEY,), RELAYS), ((), GOOGLE)):
        inquiry = check_dkim("d.example", keys, relays)
        assert DeadDns().follow(inquiry).finding == "unknown"


def test_a_record_is_parted_for_the_dns_and_reads_back() -> None:
    """RFC 1035: strings of at most 255 octets, which together are the record."""
    text = record_text(RSA)
    parts = pieces(text)
    assert [len(part) for part in parts[:-1]] == [255]
    assert "".join(parts) == text
    assert parse(text).data == RSA.data
    assert record_name("o1", "d.example") == "o1._domainkey.d.example"


def test_the_keys_that_a_domain_wants() -> None:
    """One of each kind; of both the second goes by a selector of its own."""
    assert wished(None) == ()
    one = wished(Dkim(selector="o1", sign=DkimSign.ED25519))
    assert one == (("o1", KeyKind.ED25519),)
    both = wished(Dkim(selector="o1", sign=DkimSign.BOTH))
    assert both == (("o1", KeyKind.RSA), ("o1-ed25519", KeyKind.ED25519))
    assert wished(Dkim(selector="o1", sign=DkimSign.RSA)) == both[:1]


def test_nonsense_is_refused() -> None:
    """What is no key record is no crash."""
    with pytest.raises(BadKeyRecordError):
        parse("=;=")
