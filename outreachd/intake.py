"""People come in: rows from a file or from the API, the same rules for both.

A batch is judged (what its addresses tell, what the DNS says of their domains, what the
campaign does with either), then kept and enrolled in one transaction. Each row gets one
result with a sentence for people. What the DNS said is remembered in this object and in
the database; a DNS that is away holds up nobody. ``is_dry`` does all of it and keeps
nothing. Errors: LedgerAwayError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from outreachd.clock import Clock
from outreachd.rules.address import domain_of
from outreachd.rules.contact_row import NewContact, RowResult
from outreachd.rules.hygiene import (
    MailDomain,
    MailVerdict,
    Policy,
    Treatment,
    judge,
    marks_of,
)
from outreachd.rules.stops import COMPANY_REASON
from outreachd.rules.suppression import Eraser
from outreachd.store.contacts import NO_CONSENT_SENTENCE, Enrolled, Target, enrol
from outreachd.store.database import Connection, Database
from outreachd.store.mail_domains import keep_domains, read_domains
from outreachd.wire.mx import MailDomains

UNCHANGED = "is in this campaign already: nothing was changed"
GROUNDED = (
    "is in this campaign already and has a ground of consent now: a letter that waits"
    " for it goes on with `outreachd release --reason no_consent`"
)
STOPPED = (
    "somebody at this company has answered, complained or opted out, and the campaign"
    " writes to a company no more then (stop_company)"
)
ADDED = (
    "the client has this contact already: it keeps its values and is in this campaign"
    " now"
)
REMEMBERED_DOMAINS = 200_000  # in memory; the database knows them all


class Intake:
    """Takes people into campaigns; ``mx`` is None where the DNS is not to be asked."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        eraser: Eraser,
        mx: MailDomains | None,
        *,
        is_dry: bool = False,
        dns_limit_s: float | None = None,
    ) -> None:
        """``dns_limit_s``: of a batch, for callers who wait for the answer."""
        self._database, self._clock = database, clock
        self._eraser, self._mx, self._is_dry = eraser, mx, is_dry
        self._dns_limit_s = dns_limit_s
        self._verdicts: dict[str, MailVerdict] = {}

    @property
    def is_dns_away(self) -> bool:
        """Tell whether domains were taken unasked because the DNS did not answer."""
        return self._mx is not None and self._mx.is_away

    async def take(
        self, target: Target, rows: Sequence[NewContact | RowResult]
    ) -> list[RowResult]:
        """Judge and enrol a batch, each address once in it; a result a row."""
        judged, results = await self.judge(target, rows)
        async with self._database.connection() as connection:
            results += await self.enrol(connection, target, judged)
        return sorted(results, key=lambda result: result.line)

    async def judge(
        self, target: Target, rows: Iterable[NewContact | RowResult]
    ) -> tuple[list[NewContact], list[RowResult]]:
        """Part those who are to be enrolled from those about whom all is said."""
        contacts = [row for row in rows if isinstance(row, NewContact)]
        results = [row for row in rows if isinstance(row, RowResult)]
        await self._learn({domain_of(contact.email) for contact in contacts})
        judged = []
        for contact in contacts:
            found = self._judged(contact, target.hygiene)
            if isinstance(found, RowResult):
                results.append(found)
            else:
                judged.append(found)
        return judged, results

    def _judged(self, contact: NewContact, policy: Policy) -> NewContact | RowResult:
        domain = domain_of(contact.email)
        verdict = self._verdicts.get(domain, MailVerdict.UNKNOWN)
        marks = marks_of(contact.email, verdict)
        if not marks:
            return contact
        found = judge(marks, policy)
        words = tuple(mark.value for mark in marks)
        if found.treatment is Treatment.SKIP:
            line, email = contact.line, contact.email
            sentence, why = found.sentence, found.reason
            return RowResult(line, email, "skipped", sentence, words, why)
        return replace(contact, marks=words, hold=found.reason, detail=found.sentence)

    async def enrol(
        self, connection: Connection, target: Target, judged: Sequence[NewContact]
    ) -> list[RowResult]:
        """Keep and enrol in a transaction, which a dry run takes back."""
        now = self._clock.now()
        transaction = connection.transaction()
        await transaction.start()
        try:
            done = await enrol(connection, target, judged, now=now, eraser=self._eraser)
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if self._is_dry else transaction.commit())
        return [_result(contact, done) for contact in judged]

    # --- what the DNS says --------------------------------------------------------

    async def _learn(self, domains: set[str]) -> None:
        """Find out where the mail of these domains goes; failing is no failure."""
        if len(self._verdicts) > REMEMBERED_DOMAINS:
            self._verdicts.clear()
        wanted = sorted(domains - self._verdicts.keys())
        if self._mx is None or not wanted:
            return
        now = self._clock.now()
        async with self._database.connection() as connection:
            self._note(await read_domains(connection, wanted, now=now))
        missing = [domain for domain in wanted if domain not in self._verdicts]
        if not missing:
            return
        try:
            async with asyncio.timeout(self._dns_limit_s):
                found = await self._mx.look_up(missing)
        except TimeoutError:
            return  # too slow is as good as unknown; the next caller may find them
        self._note(found)
        if not self._is_dry:
            await self._keep(found, now)

    def _note(self, found: Iterable[MailDomain]) -> None:
        self._verdicts.update((one.domain, one.verdict) for one in found)

    async def _keep(self, found: Sequence[MailDomain], now: datetime) -> None:
        async with self._database.connection() as connection:
            await keep_domains(connection, found, now=now)


def _result(contact: NewContact, done: Enrolled) -> RowResult:
    """Say what became of a contact that was to be enrolled."""
    word, sentence = _said(contact, done)
    reason = "; ".join((sentence, *contact.notes))
    whys = {"suppressed": "suppressed", "skipped": COMPANY_REASON}
    why = whys.get(word) or done.enrolled.get(contact.email, "")
    return RowResult(contact.line, contact.email, word, reason, contact.marks, why)


def _said(contact: NewContact, done: Enrolled) -> tuple[str, str]:
    if contact.email in done.suppressed:
        return "suppressed", "must not be written to: it is suppressed"
    if contact.email in done.stopped:
        return "skipped", STOPPED
    hold = done.enrolled.get(contact.email)
    if hold is None:
        return "known", GROUNDED if contact.email in done.grounded else UNCHANGED
    if hold:
        same = hold == contact.hold
        return "held", contact.detail if same else NO_CONSENT_SENTENCE
    if contact.email in done.new:
        return "new", "is new and will be written to"
    return "added", ADDED
