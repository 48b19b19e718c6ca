"""Writes what became of sends, and does not rest until the ledger has it.

An outcome that is known must not be forgotten: while the database is away each is kept
in a journal on disk as it comes, and written again and again. Callers wait meanwhile,
so no more than what was under way can pile up. Who is leaving waits no longer than for
the disk: the next start brings the journal to the ledger, and leased rows go back then.
A row that the ledger will not take does not stop its neighbours: that is the ledger's
affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

import structlog

from outreachd.clock import Clock
from outreachd.flow.batch import Batcher
from outreachd.flow.ports import Ledger
from outreachd.rules.records import GiveBack, LedgerAwayError, Outcome

log = structlog.get_logger()

Row = TypeVar("Row", Outcome, GiveBack)

LINGER_S = 0.008  # nobody's connection waits for an outcome
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0


class Journal(Protocol):
    """Outcomes on disk, for the time the database is away; of several recorders."""

    async def append(self, outcomes: Sequence[Outcome]) -> None:
        """Write those it lacks, and sync; raises if the disk does not take it."""

    async def forget(self, attempts: Collection[UUID]) -> None:
        """Forget what has reached the ledger, if it is in here."""


class Recorder:
    """Outcomes and returns in group commits, repeated until they are written."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        clock: Clock,
        *,
        house: Clock,
        term: int,
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._clock = clock
        # Databases come back in real time, and a virtual clock stands still while a
        # journey waits for us.
        self._house = house
        self._term = term
        self._is_away = False  # as of the newest writing of outcomes
        self._leaving = asyncio.Event()
        self._outcomes: Batcher[Outcome, None] = Batcher(
            self._write_outcomes, linger_s=LINGER_S
        )
        self._keeping: Batcher[Outcome, None] = Batcher(self._keep)
        self._returns: Batcher[GiveBack, None] = Batcher(
            self._write_returns, linger_s=LINGER_S
        )

    def leave(self) -> None:
        """Stop trying while the ledger is away; what is known is on the disk."""
        self._leaving.set()

    async def outcome(self, outcome: Outcome) -> None:
        """Record what became of an attempt."""
        if self._is_away:  # its batch may have to wait for long, and not in memory only
            await _tried(lambda: self._keeping.submit(outcome))
        await self._outcomes.submit(outcome)

    async def give_back(self, row: GiveBack) -> None:
        """Return a claimed row for which no intent was written."""
        await self._returns.submit(row)

    async def _write_outcomes(self, outcomes: Sequence[Outcome]) -> Sequence[None]:
        async def keep() -> None:
            """Keep also who has come meanwhile; who comes now keeps himself."""
            self._is_away = True
            await self._keep([*outcomes, *self._outcomes.waiting()])

        if await self._until_written(outcomes, self._ledger.record, keep):
            self._is_away = False
            written = [one.attempt_id for one in outcomes]
            await _tried(lambda: self._journal.forget(written))
        return [None] * len(outcomes)

    async def _keep(self, outcomes: Sequence[Outcome]) -> Sequence[None]:
        """Have outcomes on the disk."""
        await self._journal.append(outcomes)
        return [None] * len(outcomes)

    async def _write_returns(self, rows: Sequence[GiveBack]) -> Sequence[None]:
        async def write(rows: Sequence[GiveBack]) -> None:
            await self._ledger.give_back(rows, term=self._term, now=self._clock.now())

        async def keep() -> None:
            """Keep nothing: a leased row goes back by itself when its term is over."""

        await self._until_written(rows, write, keep)
        return [None] * len(rows)

    async def _until_written(
        self,
        rows: Sequence[Row],
        write: Callable[[Sequence[Row]], Awaitable[None]],
        keep: Callable[[], Awaitable[None]],
    ) -> bool:
        """Tell whether they were written, or we left before."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await write(rows)
            except LedgerAwayError:
                if pause_s == FIRST_PAUSE_S:
                    await _tried(keep)
                if self._leaving.is_set():
                    return False
                await self._house.wait(self._leaving, pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                return True


async def _tried(write: Callable[[], Awaitable[object]]) -> None:
    """Use the disk; one that fails is no reason to forget what we know."""
    try:
        await write()
    except Exception:
        log.exception("journal.broken")
