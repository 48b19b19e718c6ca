"""What a claim costs with a million due rows, against ten thousand.

The real pool, feed and ledger; letters are accepted at once. 95 % of the mailboxes may
not send: a claim in due order would have to step over their rows.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid4

import aiojobs

from outreachd.clock import RealClock
from outreachd.equipment import Tools
from outreachd.keyring import Keyring
from outreachd.rules.model import Claim, Envelope, Phase, Reply, Route
from outreachd.rules.records import Queue, Want
from outreachd.shift import Shift
from outreachd.store.database import Database
from outreachd.store.journal import Journal
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
from outreachd.telemetry import Metrics
from tests.bench.stage import Stage, stage
from tests.flow.world import drained

LETTERS = 6_000  # sent in each run
FEW, MANY = 10_000, 1_000_000


class Accepting:
    """A way out that costs nothing."""

    async def open(self, route: Route, envelope: Envelope, size: int) -> Accepting:
        """Accept MAIL and RCPT."""
        return self

    async def deliver(self, message: bytes, may_go: Callable[[], bool]) -> Reply:
        """Accept the letter."""
        return Reply(Phase.DOT, 250, "ok")

    def abandon(self) -> None:
        """Nothing to close."""


class TimedLedger(PgLedger):
    """The ledger, with a watch on the claim."""

    def __init__(self, database: Database) -> None:
        self.owner = uuid4()
        super().__init__(database, self.owner)
        self.claims_s: list[float] = []
        self.rows = 0
        self.enough = asyncio.Event()

    async def claim(
        self, wants: Sequence[Want], *, term: int, now: datetime
    ) -> list[tuple[int | Queue, Claim]]:
        """Time one claim."""
        started = time.perf_counter()
        rows = await super().claim(wants, term=term, now=now)
        self.claims_s.append(time.perf_counter() - started)
        self.rows += len(rows)
        if self.rows >= LETTERS:
            self.enough.set()
        return rows


async def claims_s(made: Stage) -> list[float]:
    """Send some thousands and tell how long each claim took."""
    database = await Database.open(made.dsn)
    scheduler = aiojobs.Scheduler(limit=None, pending_limit=1)
    hot = await Database.open(made.dsn, hot=True)
    ledger = TimedLedger(hot)
    clock = RealClock()
    journal = Journal(made.home / "bench.journal")
    tools = Tools(
        database=database,
        ledger=ledger,
        journal=journal,
        keyring=Keyring(made.vault),
        mint=made.vault.mint,
        carrier=Accepting(),
        clock=clock,
        house=clock,
        metrics=Metrics(),
        spawn=scheduler.spawn,
        base_url="https://optout.example",
        unsubscribe_mailto=None,
        max_in_flight=200,
        poll_s=2.0,
    )
    try:
        term = await PgLeases(database, ledger.owner).take(300)
        assert term is not None
        shift = await Shift.begin(tools, term)
        running = asyncio.create_task(shift.feed.run())
        await ledger.enough.wait()
        shift.feed.stop()
        await running
        await drained(shift.crew, grace_s=10, begun_s=10)
    finally:
        journal.close()
        await scheduler.close()
        await hot.close(5)
        await database.close(5)
    return ledger.claims_s


def p99(seconds: Sequence[float]) -> float:
    """Tell the 99th percentile, in milliseconds."""
    return statistics.quantiles(seconds, n=100)[98] * 1000


async def main() -> None:
    """Print both figures and their ratio."""
    figures = {}
    for rows in (FEW, MANY):
        async with stage(mailboxes=1200, letters=rows, closed_share=0.95) as made:
            figures[rows] = await claims_s(made)
    few, many = p99(figures[FEW]), p99(figures[MANY])
    print(
        f"claim, 95 % of mailboxes closed: p99 {few:.1f} ms with {FEW:,} due rows, "
        f"{many:.1f} ms with {MANY:,} (median "
        f"{statistics.median(figures[FEW]) * 1000:.1f} and "
        f"{statistics.median(figures[MANY]) * 1000:.1f}); ratio {many / few:.2f}"
    )
