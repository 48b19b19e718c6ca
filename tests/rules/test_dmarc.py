"""The laws of DMARC: the policy that applies, and who may vouch for From."""

from __future__ import annotations

import pytest

from outreachd.rules.dmarc import (
    BadPolicyError,
    Identity,
    check_dmarc,
    is_aligned,
    parse,
)
from outreachd.rules.finding import Finding, Found
from tests.rules.dns import DeadDns, Dns

DOMAIN = "mail.d.example"
OK, WRONG, OPEN = Finding.OK, Finding.WRONG, Finding.UNKNOWN


def organisation(domain: str) -> str:
    """Tell the last two labels: enough of a public suffix list for these tests."""
    return ".".join(domain.split(".")[-2:])


def found(
    own: str | None,
    parent: str | None = None,
    *,
    spf: Finding = OK,
    dkim: Finding = OK,
    envelope: str = DOMAIN,
    signature: str = DOMAIN,
) -> Found:
    """Check mail.d.example."""
    zone = {}
    if own is not None:
        zone[f"_dmarc.{DOMAIN} TXT"] = own.split("|")
    if parent is not None:
        zone["_dmarc.d.example TXT"] = [parent]
    identities = (Identity(False, envelope, spf), Identity(True, signature, dkim))
    return Dns(zone).follow(check_dmarc(DOMAIN, identities, organisation))


@pytest.mark.parametrize(
    ("own", "parent", "finding", "words"),
    [
        ("v=DMARC1; p=reject", None, "ok", f"{DOMAIN} says reject"),
        (None, "v=DMARC1; p=reject", "ok", "d.example says reject"),
        (None, "v=DMARC1; p=reject; sp=none", "ok", "d.example says none"),
        ("v=DMARC1; p=none", "v=DMARC1; p=reject", "ok", "says none"),
        ("v=DMARC1; rua=mailto:a@d.example", None, "ok", "says none"),
        (None, None, "missing", f"_dmarc.{DOMAIN}"),
        ("v=spf1 -all", None, "missing", "publish"),
        ("v=DMARC1; p=none|v=DMARC1; p=none", None, "wrong", "2 records"),
        ("v=DMARC1", None, "wrong", "p= must be"),
        ("v=DMARC1; p=block", None, "wrong", "p= must be"),
        ("v=DMARC1; p=none; sp=x", None, "wrong", "sp= must be"),
        ("v=DMARC1; p=none; pct=101", None, "wrong", "pct="),
        (f"v=DMARC1; p=none; pct={'9' * 5000}", None, "wrong", "pct="),
        ("v=DMARC1; p=none; aspf=x", None, "wrong", "aspf="),
        ("v=DMARC1; p=none; p=none", None, "wrong", "given twice"),
    ],
)
def test_the_policy_that_applies(
    own: str | None, parent: str | None, finding: str, words: str
) -> None:
    """The domain's own first, then its organisation's; broken ones are named."""
    told = found(own, parent)
    assert told.finding == finding
    assert words in told.detail


@pytest.mark.parametrize(
    ("spf", "dkim", "finding"),
    [
        (OK, WRONG, "ok"),
        (WRONG, OK, "ok"),
        (WRONG, OPEN, "unknown"),
        (OPEN, Finding.MISSING, "unknown"),
        (WRONG, Finding.MISSING, "wrong"),
    ],
)
def test_one_of_both_is_enough(spf: Finding, dkim: Finding, finding: str) -> None:
    """A letter passes by SPF or by DKIM; what nobody can tell stays open."""
    assert found("v=DMARC1; p=reject", spf=spf, dkim=dkim).finding == finding


@pytest.mark.parametrize(
    ("record", "envelope", "signature", "finding"),
    [
        ("", "bounce.d.example", "other.example", "ok"),
        ("; aspf=s", "bounce.d.example", "other.example", "wrong"),
        ("; adkim=s", "other.example", "d.example", "wrong"),
        ("; adkim=s", "other.example", DOMAIN, "ok"),
        ("", "other.example", "third.example", "wrong"),
    ],
)
def test_alignment_decides_who_vouches(
    record: str, envelope: str, signature: str, finding: str
) -> None:
    """Relaxed: of the same organisation; strict: the same domain."""
    told = found(f"v=DMARC1; p=none{record}", envelope=envelope, signature=signature)
    assert told.finding == finding


def test_alignment_by_itself() -> None:
    """Spelling does not matter."""

    def aligned(other: str, *, is_strict: bool) -> bool:
        return is_aligned(DOMAIN, other, is_strict=is_strict, organisation=organisation)

    assert aligned("Mail.D.Example.", is_strict=True)
    assert aligned("x.d.example", is_strict=False)
    assert not aligned("x.d.example", is_strict=True)
    assert not aligned("d.example.org", is_strict=False)


def test_a_dead_dns_is_unknown() -> None:
    """Never missing."""
    identities = (Identity(False, DOMAIN, OPEN),)
    inquiry = check_dmarc(DOMAIN, identities, organisation)
    assert DeadDns().follow(inquiry).finding == "unknown"


def test_a_fault_at_the_domain_hides_behind_no_parent() -> None:
    """While the own record cannot be read, the parent's is not taken for it."""
    dns = Dns({"_dmarc.d.example TXT": ["v=DMARC1; p=none"]}, [f"_dmarc.{DOMAIN}"])
    identities = (Identity(False, DOMAIN, OK),)
    assert dns.follow(check_dmarc(DOMAIN, identities, organisation)).finding == OPEN


def test_nonsense_is_refused() -> None:
    """What is no policy is no crash."""
    with pytest.raises(BadPolicyError):
        parse("v=DMARC1; =; p")
