"""What an address tells by itself, and what a campaign makes of it.

``marks_of`` names what is odd about an address; ``judge`` applies the campaign's policy
to the marks: take, hold (the first letter waits for a person) or skip (not kept). The
strictest mark wins. Nothing is looked up here: what the DNS said comes in as a verdict,
and "unknown" never counts against anybody.
Sources: RFC 2142 (role names), RFC 7505 (null MX); disposable-email-domains.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

import disposable_email_domains

from outreachd.rules.address import REMEMBERED_DOMAINS
from outreachd.rules.hygiene_words import FREE_DOMAINS, ROLE_NAMES


class Mark(StrEnum):
    """What is odd about an address."""

    ROLE = "role"  # a function, not a person
    DISPOSABLE = "disposable"  # a mailbox for ten minutes
    FREE = "free"  # at a provider where anybody has one
    SMTPUTF8 = "smtputf8"  # other letters than ASCII before the @
    NO_MX = "no_mx"  # its domain takes no mail


class Treatment(StrEnum):
    """What a campaign does with a marked address; the later, the stricter."""

    TAKE = "take"
    HOLD = "hold"
    SKIP = "skip"


class MailVerdict(StrEnum):
    """What the DNS said of a recipient's domain."""

    MX = "mx"
    A_ONLY = "a_only"  # no MX but an address: mail goes there (RFC 5321, section 5.1)
    NULL_MX = "null_mx"  # says that it takes no mail
    NONE = "none"  # does not exist, or has neither
    UNKNOWN = "unknown"  # nobody could tell


@dataclass(frozen=True, slots=True)
class MailDomain:
    """Where the mail of a domain goes."""

    domain: str
    verdict: MailVerdict
    receiver: str = ""  # who runs it: google, outlook, or the domain of its MX


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a campaign does with each mark.

    Role: hold, since several people read info@ and nobody of them agreed, yet in small
    firms it is the only address there is: a person should look. Disposable and no_mx:
    skip, a letter there is a bounce to come. Free: take, people do business from them.
    """

    role: Treatment = Treatment.HOLD
    disposable: Treatment = Treatment.SKIP
    free: Treatment = Treatment.TAKE
    smtputf8: Treatment = Treatment.SKIP  # no letter of ours can go there yet
    no_mx: Treatment = Treatment.SKIP

    def of(self, mark: Mark) -> Treatment:
        """Tell the treatment of a mark."""
        found: Treatment = getattr(self, mark.value)
        return found


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of an address; ``reason`` is a word, ``sentence`` for people."""

    treatment: Treatment
    reason: str = ""  # such as role_address
    sentence: str = ""


USUAL = Policy()
TAKEN = Judgement(Treatment.TAKE)
_ORDER = tuple(Treatment)
_MARKS = tuple(Mark)

# Why somebody may not want to write there.
_WHY = {
    Mark.ROLE: "belongs to a function such as info@ or sales@, not to a person",
    Mark.DISPOSABLE: "is at a provider of throw-away addresses",
    Mark.FREE: "is at a free-mail provider",
    Mark.SMTPUTF8: "is not ASCII before the @, and this version cannot write to such",
    Mark.NO_MX: "is at a domain that takes no mail",
}
_WHAT = {
    Treatment.TAKE: "",
    Treatment.HOLD: "its letter waits until a person releases it",
    Treatment.SKIP: "it was left out",
}


def marks_of(address: str, verdict: MailVerdict = MailVerdict.UNKNOWN) -> list[Mark]:
    """Name what is odd about a normalised address, in the order of ``Mark``."""
    local, _, domain = address.rpartition("@")
    found = set(_marks_of_domain(domain))
    if is_role(local):
        found.add(Mark.ROLE)
    if not local.isascii():
        found.add(Mark.SMTPUTF8)
    if verdict in (MailVerdict.NULL_MX, MailVerdict.NONE):
        found.add(Mark.NO_MX)
    return [mark for mark in _MARKS if mark in found]


def judge(marks: Iterable[Mark], policy: Policy) -> Judgement:
    """Tell what the campaign does with an address of these marks."""
    ranked = [(_ORDER.index(policy.of(mark)), mark) for mark in marks]
    # The first of the strictest, so that an address has one reason, always the same.
    rank, mark = max(ranked, key=lambda pair: pair[0], default=(0, Mark.FREE))
    treatment = _ORDER[rank]
    if treatment is Treatment.TAKE:
        return TAKEN
    sentence = f"the address {_WHY[mark]}: {_WHAT[treatment]}"
    reason = "no_mx" if mark is Mark.NO_MX else f"{mark.value}_address"
    return Judgement(treatment, reason, sentence)


def is_role(local: str) -> bool:
    """Tell whether a local part names a function; a tag does not hide it."""
    name = local.partition("+")[0]
    return name.replace("-", "").replace("_", "").replace(".", "") in ROLE_NAMES


@lru_cache(maxsize=REMEMBERED_DOMAINS)
def _marks_of_domain(domain: str) -> tuple[Mark, ...]:
    found = []
    if any(name in _disposable() for name in _suffixes(domain)):
        found.append(Mark.DISPOSABLE)
    if domain in FREE_DOMAINS:
        found.append(Mark.FREE)
    return tuple(found)


def _suffixes(domain: str) -> Iterable[str]:
    """Give a domain and those above it, but for the last: a.b.example, b.example."""
    labels = domain.split(".")
    return (".".join(labels[at:]) for at in range(max(len(labels) - 1, 1)))


@cache
def _disposable() -> frozenset[str]:
    return frozenset(disposable_email_domains.blocklist) - FREE_DOMAINS
