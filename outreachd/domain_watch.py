"""Looks at the sending domains: asks the DNS what the rules ask for, keeps the answers.

One domain at a time on the daemon's schedule, each ``interval_s`` after its last look
and never two within ``PACE_S``; or all at once for `outreachd check --domains`. A look
that cannot be made is a look that found nothing out: it stops no mail. Only whoever
holds the lease looks. Errors: LedgerAwayError; the DNS has none, it has faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from outreachd.config import Checks
from outreachd.rules.blocklist import Blocklist
from outreachd.rules.dkim_record import wished
from outreachd.rules.domain_check import Subject, check_domain
from outreachd.rules.finding import Check, Found, unknown
from outreachd.rules.inquiry import (
    Answer,
    Inquiry,
    Outcome,
    Question,
    RecordKind,
)
from outreachd.rules.relay import Relay
from outreachd.store.checks import PgChecks, StopRule, Turn, Watched
from outreachd.store.database import Database
from outreachd.store.dkim import DkimKey, read_dkim_keys
from outreachd.wire.dns_records import records_or_faults
from outreachd.wire.suffixes import organisation

log = structlog.get_logger()

PACE_S = (
    20.0  # between two looks of the schedule, so that new fleets are looked at soon
)
IDLE_S = 300.0  # the schedule is looked at again at least so often
SURE_NAME = "a.root-servers.net"  # of the DNS itself
AT_ONCE = 10  # domains, when all are looked at

T = TypeVar("T")


class Records(Protocol):
    """Whoever answers the questions of the rules."""

    async def answer(self, question: Question) -> Answer:
        """Answer one; never raises for what the DNS does."""


class DomainWatch:
    """Looks at domains and has what is found written down."""

    def __init__(
        self, database: Database, settings: Checks, records: Records | None = None
    ) -> None:
        self._database = database
        self._settings = settings
        self._store = PgChecks(database)
        self._records = records or records_or_faults(settings.name_servers)
        self._lists = [
            *(Blocklist(zone, is_of_domains=False) for zone in settings.address_lists),
            *(Blocklist(zone, is_of_domains=True) for zone in settings.domain_lists),
        ]
        self._rule = StopRule(
            frozenset(map(Check, settings.stops)), timedelta(seconds=settings.grace_s)
        )

    async def turn(self, now: datetime) -> float:
        """Look at the domain whose turn it is; tell the seconds until the next turn."""
        looks = await self._store.looks()
        interval = timedelta(seconds=self._settings.interval_s)
        due = {id: at + interval if at else now for id, at in looks.items()}
        if not due:
            return IDLE_S
        first = min(due, key=lambda id: (looks[id] is not None, due[id]))
        wait_s = (due[first] - now).total_seconds()
        if wait_s > 0:
            return min(wait_s, IDLE_S)
        for subject in await self.subjects(first):
            await self.record(subject, await self.look(subject), now)
        return PACE_S

    async def look_at_all(
        self, subjects: Sequence[Subject]
    ) -> list[Mapping[Check, Found]]:
        """Look at these now, a few at a time."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(subject: Subject) -> Mapping[Check, Found]:
            async with turns:
                return await self.look(subject)

        return list(await asyncio.gather(*map(one, subjects)))

    async def look(self, subject: Subject) -> Mapping[Check, Found]:
        """Look at one domain; a bug of ours is nobody's fault, and delays no other."""
        try:
            inquiry = check_domain(subject, self._lists, organisation)
            found = await followed(inquiry, self._records)
            if any(one.finding.is_bad for one in found.values()):
                return await self._believed(found)
            return found
        except Exception:
            log.exception("domain.look_broken", domain=subject.name)
            why = unknown("outreachd failed while it looked; see the log")
            return dict.fromkeys(Check, why)

    async def _believed(self, found: Mapping[Check, Found]) -> Mapping[Check, Found]:
        """Doubt what is bad where the name servers deny what surely exists.

        One that is set up wrongly, or cut off, may say "there is none" to everything:
        nothing in an answer tells it from the truth, and it must not stop a fleet.
        """
        sure = await self._records.answer(Question(SURE_NAME, RecordKind.A))
        if sure.outcome is Outcome.FOUND:
            return found
        doubt = unknown(f"the name servers deny even {SURE_NAME}: mend their set-up")
        return {k: doubt if one.finding.is_bad else one for k, one in found.items()}

    async def record(
        self, subject: Subject, found: Mapping[Check, Found], now: datetime
    ) -> None:
        """Write a look down, and say so if it stops the domain or lets it go."""
        match await self._store.record(subject.id, found, self._rule, now):
            case Turn.STOPPED:
                log.warning("domain.stopped", domain=subject.name)
            case Turn.LET_GO:
                log.info("domain.let_go", domain=subject.name)
            case Turn.NONE:
                pass

    async def subjects(self, domain_id: int | None = None) -> list[Subject]:
        """Read the domains, or one of them, with their relays and keys."""
        watched = await self._store.watched(domain_id)
        async with self._database.connection() as connection:
            keys = await read_dkim_keys(connection)
        return [self._subject(one, keys) for one in watched]

    def _subject(self, one: Watched, keys: Iterable[DkimKey]) -> Subject:
        made = {k.public.selector: k.public for k in keys if k.domain_id == one.id}
        wanted = wished(one.dkim)
        return Subject(
            id=one.id,
            name=one.name,
            relays=tuple(self._relay(*account) for account in one.accounts),
            keys=tuple(made[selector] for selector, _ in wanted if selector in made),
            lacking=tuple(selector for selector, _ in wanted if selector not in made),
            bounces_at=one.bounces_at,
        )

    def _relay(self, account: str, host: str) -> Relay:
        facts = self._settings.relays.get(account)
        if facts is None:
            return Relay(account, host)
        return Relay(account, host, facts.addresses, facts.helo)


async def followed(inquiry: Inquiry[T], records: Records) -> T:
    """Answer a rule's questions until it has found out."""
    try:
        question = next(inquiry)
        while True:
            question = inquiry.send(await records.answer(question))
    except StopIteration as end:
        found: T = end.value
        return found
