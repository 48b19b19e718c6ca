"""The controller: each minute it judges everybody's health, and lets it count.

It has what is new counted, leaves out what a receiver failed while it was down, asks
the rules of each mailbox, domain, account and client, has what they decide written
down, and slows the pool by it. Who rests is paused in the ledger, so that every daemon
honours it. Only the daemon that sends decides. Errors: LedgerAwayError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from outreachd.flow.pool import Pool
from outreachd.flow.refusals import Refusals
from outreachd.rules.cases import Book, Key, cases
from outreachd.rules.health import Counts, Health, Mode, Rule
from outreachd.rules.model import Kind, Roster
from outreachd.rules.outage import LOOKS_BACK, outages
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.recovery import Standing, part
from outreachd.rules.refusal import Refused
from outreachd.rules.watch import Decision, decide

log = structlog.get_logger()


class HealthBook(Protocol):
    """The database as the controller sees it; all may raise LedgerAwayError."""

    async def tally(self, now: datetime) -> bool:
        """Count what is new; tell whether anything was."""

    async def put_refused(self, rows: Sequence[Refused]) -> None:
        """Count what was refused before DATA."""

    async def of_late(self, since: datetime) -> Mapping[str, Sequence[Counts]]:
        """Tell what each domain sent to each receiver since then."""

    async def put_outage(self, receiver: str, first: datetime, last: datetime) -> int:
        """Note that a receiver was down; tell how many quarters are new."""

    async def book(self, windows_h: Sequence[int], now: datetime) -> Book:
        """Read all that the watch is told."""

    async def write(
        self,
        standings: Mapping[Key, Standing],
        decisions: Sequence[Decision],
        now: datetime,
    ) -> Sequence[Decision]:
        """Write changes; tell the decisions that are news."""


class Controller:
    """Judges a fleet by some rules."""

    def __init__(self, book: HealthBook, rules: Sequence[Rule]) -> None:
        self._book = book
        self._rules = rules
        self._windows_h = sorted({rule.window_h for rule in rules})

    async def hear(self, refusals: Refusals) -> None:
        """Have counted what was refused before DATA since it was last asked."""
        rows = refusals.take()
        if not rows:
            return
        try:
            await self._book.put_refused(rows)
        except LedgerAwayError:
            refusals.put_back(rows)
            raise

    async def look(self, pool: Pool, now: datetime, mono: float) -> bool:
        """Judge everybody; tell whether a pause came or went."""
        if not self._rules:
            pool.slow({}, now=now, mono=mono)
            return False
        await self._book.tally(now)
        await self._look_for_outages(now)
        book = await self._book.book(self._windows_h, now)
        # In a thread: a large fleet takes longer than the loop may stand still.
        standings, decisions = await asyncio.to_thread(
            judge_all, book, pool.roster, self._rules, now
        )
        news: Sequence[Decision] = ()
        if standings or decisions:
            news = await self._book.write(standings, decisions, now)
        stood = {key: one.standing for key, one in book.stood.items()} | standings
        for one in news:
            _tell(one)
            if one.before.health is Health.RESTING and one.after.stage:
                pool.step_back((one.kind, one.id), now - one.before.since)
        pool.slow({key: part(one) for key, one in stood.items()}, now=now, mono=mono)
        return any(one.mode is Mode.ENFORCE for one in news)

    async def _look_for_outages(self, now: datetime) -> None:
        for back in LOOKS_BACK:
            for receiver in outages(await self._book.of_late(now - back)):
                if await self._book.put_outage(receiver, now - back, now):
                    log.warning("receiver.down")


def judge_all(
    book: Book, roster: Roster, rules: Sequence[Rule], now: datetime
) -> tuple[dict[Key, Standing], list[Decision]]:
    """Judge everybody of a fleet: the standings that changed, and the decisions."""
    domain_of = {id: box.domain_id for id, box in roster.mailboxes.items()}
    others = [
        *((Kind.DOMAIN, id) for id in roster.domains),
        *((Kind.ACCOUNT, id) for id in roster.accounts),
        *((Kind.CLIENT, id) for id in roster.clients),
    ]
    standings: dict[Key, Standing] = {}
    decisions: list[Decision] = []
    for case in cases(book, domain_of, others, now):
        standing, found = decide(case, rules, now)
        if standing is not case.standing:
            standings[case.kind, case.id] = standing
        decisions += found
    return standings, decisions


def _tell(one: Decision) -> None:
    log.warning(
        "health.decided",
        kind=one.kind.value,
        id=one.id,
        before=one.before.health.value,
        after=one.brings.value,
        rule=one.rule,
        mode=one.mode.value,
    )
