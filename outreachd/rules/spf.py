"""What a receiver's SPF check would say of a domain, counted as receivers count.

``evaluate`` follows the record, its includes and its redirect, for one address; or for
none, when the outgoing address is not known: then nothing matches but ``all``, so the
whole tree is walked and all look-ups that a receiver might make are counted. At most
10 look-ups, 10 names of an ``mx`` and 2 void answers; what exceeds them is a permanent
error, named. A fault of the DNS is a temporary error and says nothing of the domain.
Source: RFC 7208 sections 4 and 5; 4.6.4 for the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from outreachd.rules.inquiry import (
    Answer,
    Inquiry,
    Outcome,
    RecordKind,
    ask,
    reverse_name,
)
from outreachd.rules.spf_record import (
    SpfRecord,
    SpfSyntaxError,
    Term,
    expanded,
    is_spf,
    parse,
)

MAX_LOOKUPS = 10
MAX_VOID = 2
MAX_NAMES = 10  # of one mx or ptr mechanism


class SpfResult(StrEnum):
    """The results of RFC 7208 section 2.6."""

    PASS = "pass"  # noqa: S105 - the word, not one
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    PERMERROR = "permerror"
    TEMPERROR = "temperror"


_OF_QUALIFIER = {
    "+": SpfResult.PASS,
    "-": SpfResult.FAIL,
    "~": SpfResult.SOFTFAIL,
    "?": SpfResult.NEUTRAL,
}


@dataclass(frozen=True, slots=True)
class SpfOutcome:
    """A result, why, and what was seen on the way."""

    result: SpfResult
    why: str  # of an error, a part of a sentence
    lookups: int
    visited: frozenset[str]  # names of the records that were read
    networks: tuple[IPv4Network | IPv6Network, ...]  # of ip4 and ip6, as met
    grants: bool  # something but "all" could pass


class _PermError(Exception):
    """Ends an evaluation: the record is broken."""


class _TempError(Exception):
    """Ends an evaluation: the DNS could not tell."""


def evaluate(
    domain: str, *, address: str | None = None, helo: str = ""
) -> Inquiry[SpfOutcome]:
    """Tell what SPF says of mail from ``domain``, sent by ``address`` if known."""
    walk = _Walk(domain, address, helo or domain)
    why = ""
    try:
        result = yield from walk.check(domain)
    except (_PermError, SpfSyntaxError) as error:
        result, why = SpfResult.PERMERROR, str(error)
    except _TempError as error:
        result, why = SpfResult.TEMPERROR, str(error)
    return SpfOutcome(
        result,
        why,
        walk.lookups,
        frozenset(walk.visited),
        tuple(walk.networks),
        walk.grants,
    )


class _Walk:
    """One evaluation: its counters, and what it has seen."""

    def __init__(self, domain: str, address: str | None, helo: str) -> None:
        self._sender = f"postmaster@{domain}"
        self._address = address
        self._helo = helo
        self._void = 0
        self.lookups = 0
        self.visited: list[str] = []
        self.networks: list[IPv4Network | IPv6Network] = []
        self.grants = False

    def check(self, domain: str) -> Inquiry[SpfResult]:
        """Follow the record of one domain."""
        record = yield from self._record(domain)
        if record is None:
            return SpfResult.NONE
        for term in record.terms:
            if (yield from self._matches(term, domain)):
                return _OF_QUALIFIER[term.qualifier]
        if record.redirect is None:
            return SpfResult.NEUTRAL
        self._count(f"redirect={record.redirect}")
        target = self._expanded(record.redirect, domain)
        if target is None:
            return SpfResult.NEUTRAL
        result = yield from self.check(target)
        if result is SpfResult.NONE:
            raise _PermError(f"redirect={target} leads to no SPF record")
        return result

    def _record(self, domain: str) -> Inquiry[SpfRecord | None]:
        answer = yield from ask(domain, RecordKind.TXT)
        self._demand(answer, domain)
        self.visited.append(domain.lower())
        texts = [text for text in answer.records if is_spf(text)]
        if len(texts) > 1:
            raise _PermError(f"{domain} has {len(texts)} SPF records; one is allowed")
        try:
            return parse(texts[0]) if texts else None
        except SpfSyntaxError as error:
            raise _PermError(f"in the SPF record of {domain}, {error}") from None

    def _matches(self, term: Term, domain: str) -> Inquiry[bool]:
        if term.mechanism != "all" and term.qualifier == "+":
            self.grants = True
        if term.mechanism == "all":
            return True
        if term.network is not None:
            self.networks.append(term.network)
            return self._is_within(term.network)
        self._count(f"{term.mechanism}:{term.domain or domain}")
        target = self._expanded(term.domain, domain) if term.domain else domain
        if target is None:  # it depends on an address that is not known
            return False
        match term.mechanism:
            case "include":
                return (yield from self._included(target))
            case "a":
                return (yield from self._is_at(target, term))
            case "mx":
                return (yield from self._is_mail_host(target, term))
            case "exists":
                answer = yield from self._looked_up(target, RecordKind.A)
                return bool(answer.records) and self._address is not None
        return (yield from self._is_named(target))  # ptr

    def _included(self, target: str) -> Inquiry[bool]:
        result = yield from self.check(target)
        if result is SpfResult.NONE:
            raise _PermError(f"include:{target} leads to no SPF record")
        # Without an address only "all" can have matched: that is +all, for anybody.
        return result is SpfResult.PASS

    def _is_at(self, name: str, term: Term) -> Inquiry[bool]:
        answer = yield from self._looked_up(name, self._family())
        return any(self._is_near(found, term) for found in answer.records)

    def _is_mail_host(self, name: str, term: Term) -> Inquiry[bool]:
        answer = yield from self._looked_up(name, RecordKind.MX)
        hosts = [record.partition(" ")[2] for record in answer.records]
        if len(hosts) > MAX_NAMES:
            raise _PermError(f"mx:{name} has more than {MAX_NAMES} names")
        for host in hosts:
            if host and (yield from self._is_at(host, term)):
                return True
        return False

    def _is_named(self, target: str) -> Inquiry[bool]:
        if self._address is None:
            return False
        answer = yield from self._looked_up(reverse_name(self._address), RecordKind.PTR)
        for name in answer.records[:MAX_NAMES]:
            if not f".{name.lower()}".endswith(f".{target.lower()}"):
                continue
            back = yield from ask(name, self._family())
            if self._address in back.records:
                return True
        return False

    def _looked_up(self, name: str, kind: RecordKind) -> Inquiry[Answer]:
        answer = yield from ask(name, kind)
        self._demand(answer, name)
        # A host with addresses of the other family only is not void for everybody.
        is_host = kind in (RecordKind.A, RecordKind.AAAA)
        if answer.outcome is Outcome.NO_NAME or not (answer.records or is_host):
            self._void += 1
            if self._void > MAX_VOID:
                raise _PermError(
                    f"more than {MAX_VOID} of its look-ups find nothing,"
                    f" the last one {name}"
                )
        return answer

    def _demand(self, answer: Answer, name: str) -> None:
        if answer.outcome is Outcome.FAULT:
            raise _TempError(f"the DNS did not tell about {name} ({answer.why})")

    def _count(self, what: str) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise _PermError(
                f"it needs more than {MAX_LOOKUPS} DNS look-ups, counted to {what}"
            )

    def _expanded(self, text: str, domain: str) -> str | None:
        return expanded(
            text,
            domain=domain,
            sender=self._sender,
            address=self._address,
            helo=self._helo,
        )

    def _family(self) -> RecordKind:
        is_six = self._address is not None and ":" in self._address
        return RecordKind.AAAA if is_six else RecordKind.A

    def _is_within(self, network: IPv4Network | IPv6Network) -> bool:
        return self._address is not None and ip_address(self._address) in network

    def _is_near(self, found: str, term: Term) -> bool:
        size = term.size6 if ":" in found else term.size4
        return self._is_within(ip_network(f"{found}/{size}", strict=False))
