"""Where the mail of recipients' domains goes, asked of the DNS.

MX, else A or AAAA, as a sender would look (RFC 5321 section 5.1); a null MX says that a
domain takes no mail (RFC 7505). Only what the DNS said for sure counts: any fault is
"unknown". Names reserved for examples and tests are not asked of public servers
(RFC 6761). After many faults in a row nothing more is asked: the DNS is away, and an
import must not wait for each of its domains. Providers are grouped by the registrable
domain of the first MX host. Source: the Public Suffix List, by publicsuffixlist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from outreachd.rules.hygiene import MailDomain, MailVerdict
from outreachd.rules.inquiry import Answer, Outcome, Question, RecordKind
from outreachd.rules.receivers import RECEIVERS
from outreachd.wire.dns_records import records_or_faults
from outreachd.wire.suffixes import organisation

# Names that nobody's mail goes to; the DNS would say so of all who try. RFC 2606, 6761.
RESERVED = frozenset({"example", "test", "invalid", "localhost", "local"})
RESERVED_BELOW = frozenset({"example.com", "example.net", "example.org"})
AT_ONCE = 50  # domains under way; the questions have a bound of their own
FAULTS_IN_A_ROW = 40  # then the DNS is away


class Records(Protocol):
    """Whatever answers questions to the DNS."""

    async def answer(self, question: Question) -> Answer:
        """Answer one question; a fault is an answer too."""


class MailDomains:
    """Looks domains up, many at once, until the DNS proves to be away."""

    def __init__(self, records: Records, *, asks_reserved: bool = False) -> None:
        """``asks_reserved``: the name servers are the user's own choice."""
        self._records = records
        self._asks_reserved = asks_reserved
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._faults = 0  # in a row

    @property
    def is_away(self) -> bool:
        """Tell whether nothing more is asked."""
        return self._faults >= FAULTS_IN_A_ROW

    async def look_up(self, domains: Iterable[str]) -> list[MailDomain]:
        """Tell of each domain where its mail goes, in the order given."""
        return list(await asyncio.gather(*map(self._one, domains)))

    async def _one(self, domain: str) -> MailDomain:
        if not self._asks_reserved and _is_reserved(domain):
            return MailDomain(domain, MailVerdict.UNKNOWN)
        async with self._turns:
            if self.is_away:
                return MailDomain(domain, MailVerdict.UNKNOWN)
            found = await self._ask(domain)
        is_fault = found.verdict is MailVerdict.UNKNOWN
        self._faults = self._faults + 1 if is_fault else 0
        return found

    async def _ask(self, domain: str) -> MailDomain:
        answer = await self._records.answer(Question(domain, RecordKind.MX))
        match answer.outcome:
            case Outcome.FOUND:
                return _by_mx(domain, answer.records)
            case Outcome.NO_NAME:
                return MailDomain(domain, MailVerdict.NONE)
            case Outcome.NO_RECORD:
                return await self._by_address(domain)
            case Outcome.FAULT:
                return MailDomain(domain, MailVerdict.UNKNOWN)

    async def _by_address(self, domain: str) -> MailDomain:
        outcomes = set()
        for kind in (RecordKind.A, RecordKind.AAAA):
            answer = await self._records.answer(Question(domain, kind))
            if answer.outcome is Outcome.FOUND:
                return MailDomain(domain, MailVerdict.A_ONLY, receiver_of(domain))
            outcomes.add(answer.outcome)
        fault = Outcome.FAULT in outcomes
        return MailDomain(domain, MailVerdict.UNKNOWN if fault else MailVerdict.NONE)


def mail_domains_at(name_servers: tuple[str, ...]) -> MailDomains:
    """Ask these servers, or the machine's if none; one that has none is away."""
    return MailDomains(
        records_or_faults(name_servers), asks_reserved=bool(name_servers)
    )


def receiver_of(host: str) -> str:
    """Name who runs a mail host: a short name, or its registrable domain."""
    found = organisation(host)
    return RECEIVERS.get(found, found)


def _is_reserved(domain: str) -> bool:
    labels = domain.split(".")
    return labels[-1] in RESERVED or ".".join(labels[-2:]) in RESERVED_BELOW


def _by_mx(domain: str, records: Iterable[str]) -> MailDomain:
    """Take the host to be tried first; one without a name is a null MX."""
    ranked = []
    for record in records:
        preference, _, host = record.partition(" ")
        if host:
            ranked.append((int(preference), host))
    if not ranked:
        return MailDomain(domain, MailVerdict.NULL_MX)
    return MailDomain(domain, MailVerdict.MX, receiver_of(min(ranked)[1]))
