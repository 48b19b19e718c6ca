"""The DMARC policy of a domain, and whether its letters can pass it.

The policy stands at the domain or, for a subdomain without one, at its organisational
domain (then ``sp`` before ``p``). A letter passes if SPF or DKIM passes with a domain
aligned to that of From: the same (strict) or of the same organisation (relaxed). The
organisation of a domain is told by whoever has the public suffix list.
Source: RFC 7489 sections 3.1, 6.3 and 6.6.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from outreachd.rules.finding import Finding, Found, missing, ok, unknown, wrong
from outreachd.rules.inquiry import Inquiry, Outcome, tags, text_records

Organisation: TypeAlias = Callable[[str], str]  # a.b.example.org -> example.org

POLICIES = ("none", "quarantine", "reject")


class BadPolicyError(ValueError):
    """A DMARC record cannot be read; the text is a part of a sentence."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A DMARC record."""

    domain_policy: str
    subdomain_policy: str
    is_dkim_strict: bool
    is_spf_strict: bool
    reports_to: str  # rua as written, "" = nobody hears


@dataclass(frozen=True, slots=True)
class Identity:
    """A domain that SPF or DKIM vouches for, and what its own check found."""

    is_dkim: bool
    domain: str  # d= of the signature, or the envelope sender's
    finding: Finding


def parse(text: str) -> Policy:
    """Read a record; BadPolicyError says what is wrong with it."""
    try:
        found = tags(text)
    except ValueError as error:
        raise BadPolicyError(str(error)) from None
    policy = found.get("p", "").lower()
    reports_to = found.get("rua", "")
    if policy not in POLICIES:
        if "p" in found or not reports_to:
            raise BadPolicyError(f"p= must be one of {', '.join(POLICIES)}")
        policy = "none"  # RFC 7489 section 6.6.3, step 6
    subdomain = found.get("sp", policy).lower()
    if subdomain not in POLICIES:
        raise BadPolicyError(f"sp= must be one of {', '.join(POLICIES)}")
    percent = found.get("pct", "100")
    # Of a stranger: Python refuses to read a number of five thousand digits.
    if not percent.isdecimal() or len(percent) > 3 or int(percent) > 100:
        raise BadPolicyError("pct= must be a number from 0 to 100")
    strict = {}
    for name in ("adkim", "aspf"):
        mode = found.get(name, "r").lower()
        if mode not in ("r", "s"):
            raise BadPolicyError(f"{name}= must be r or s")
        strict[name] = mode == "s"
    return Policy(policy, subdomain, strict["adkim"], strict["aspf"], reports_to)


def is_aligned(
    from_domain: str, other: str, *, is_strict: bool, organisation: Organisation
) -> bool:
    """Tell whether a domain may vouch for the one of From."""
    ours, theirs = from_domain.lower().rstrip("."), other.lower().rstrip(".")
    if is_strict or ours == theirs:
        return ours == theirs
    return organisation(ours) == organisation(theirs)


def check_dmarc(
    domain: str, identities: Sequence[Identity], organisation: Organisation
) -> Inquiry[Found]:
    """Look at the policy for ``domain`` in From, and whether a letter can pass it."""
    place = domain
    answer = yield from text_records(f"_dmarc.{place}", "v=DMARC1")
    parent = organisation(domain)
    if answer.outcome in (Outcome.NO_NAME, Outcome.NO_RECORD) and parent != domain:
        place = parent
        answer = yield from text_records(f"_dmarc.{place}", "v=DMARC1")
    if answer.outcome is Outcome.FAULT:
        return unknown(f"the DNS did not tell about _dmarc.{place} ({answer.why})")
    if not answer.records:
        return missing(
            f'there is no DMARC record: publish a TXT record at _dmarc.{domain}, "v='
            f'DMARC1; p=none; rua=mailto:..." to begin with'
        )
    if len(answer.records) > 1:
        return wrong(f"_dmarc.{place} has {len(answer.records)} records: leave one")
    try:
        policy = parse(answer.records[0])
    except BadPolicyError as error:
        return wrong(f"the DMARC record at _dmarc.{place} is broken: {error}")
    return _judged(domain, place, policy, identities, organisation)


def _judged(
    domain: str,
    place: str,
    policy: Policy,
    identities: Sequence[Identity],
    organisation: Organisation,
) -> Found:
    applies = policy.domain_policy if place == domain else policy.subdomain_policy
    aligned = [
        one
        for one in identities
        if is_aligned(
            domain,
            one.domain,
            is_strict=policy.is_dkim_strict if one.is_dkim else policy.is_spf_strict,
            organisation=organisation,
        )
    ]
    if any(one.finding is Finding.OK for one in aligned):
        return ok(f"DMARC of {place} says {applies}, and letters can pass it")
    if any(one.finding is Finding.UNKNOWN for one in aligned):
        return unknown(f"DMARC of {place} says {applies}; whether letters pass is open")
    if not aligned:
        return wrong(
            f"DMARC of {place} says {applies}, and neither the envelope's domain nor"
            f" the signature's is aligned with {domain}: use that domain in one of them"
        )
    return wrong(
        f"DMARC of {place} says {applies}, and neither SPF nor DKIM holds: mend one"
    )
