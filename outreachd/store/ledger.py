"""The ledger: claims, intents, outcomes and returns of sends, a batch at a time.

Fits ``flow/ports.Ledger`` by shape. Always holds: an intent is granted only inside a
transaction that has locked the lease row and found this owner's term on it; an
outcome is written by compare-and-set on the attempt id. Raises LedgerAwayError when
the database is away, LeaseLostError when another daemon owns the fleet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from outreachd.rules.model import Claim, State
from outreachd.rules.records import (
    GiveBack,
    Intent,
    IntentAnswer,
    LeaseLostError,
    LedgerAwayError,
    Outcome,
    Queue,
    Want,
)
from outreachd.store import sql
from outreachd.store.database import Database, UnfitError
from outreachd.store.departures import Settled, settle_departures
from outreachd.store.ledger_rows import as_json, claim_of, source_of, split, suppressed
from outreachd.store.recent import Recent

# How long a statement of the hot path may wait for a connection, in seconds.
ACQUIRE_S = 10.0
# How often an intent begins again because a pause or an opt-out came in between.
STALE_AT_MOST = 50
UNREADABLE = "(unreadable)"
AUTHOR = "outreachd"  # of what the daemon does by itself, in the audit

# What a row is to blame for that the database cannot hold.
POISONED = (UnfitError, asyncpg.DataError, UnicodeError)

Row = TypeVar("Row", GiveBack, Outcome)


class PgLedger:
    """The ledger in PostgreSQL, for one owner of the fleet's lease."""

    def __init__(self, database: Database, owner: UUID) -> None:
        self._database = database
        self._owner = owner
        self._recent = Recent()

    async def claim(
        self, wants: Sequence[Want], *, term: int, now: datetime
    ) -> list[tuple[int | Queue, Claim]]:
        """Lease due rows, oldest due first, at most ``count`` for each want.

        One of a person who must not be written to ends here and is not handed out.
        """
        lanes, queues = split(wants)
        rows: list[asyncpg.Record] = []
        async with self._database.connection(ACQUIRE_S) as connection:
            made = self._database.connections_made
            await self._recent.check(connection, made, now)
            if lanes:
                rows += await connection.fetch(
                    sql.text("claim_lanes"),
                    [mailbox_id for mailbox_id, _ in lanes],
                    [count for _, count in lanes],
                    now,
                    term,
                )
            if queues:
                rows += await connection.fetch(
                    sql.text("claim_queues"),
                    [queue.campaign_id for queue, _ in queues],
                    [queue.place for queue, _ in queues],
                    [count for _, count in queues],
                    now,
                    term,
                )
            if barred := [suppressed(row) for row in rows if row["is_suppressed"]]:
                await connection.execute(
                    sql.text("give_back"), as_json(barred), now, term
                )
        claims = [claim_of(row) for row in rows if not row["is_suppressed"]]
        claims.sort(key=lambda claim: (claim.due_at, claim.send_id))
        return [(source_of(claim), claim) for claim in claims]

    async def next_due(
        self, sources: Sequence[int | Queue]
    ) -> Mapping[int | Queue, datetime | None]:
        """Tell when each source's earliest scheduled row is due; None = none."""
        lanes, queues = split(Want(source, 0) for source in sources)
        due: dict[int | Queue, datetime | None] = {}
        async with self._database.connection(ACQUIRE_S) as connection:
            if lanes:
                for row in await connection.fetch(
                    sql.text("next_due_lanes"), [mailbox_id for mailbox_id, _ in lanes]
                ):
                    due[row["mailbox_id"]] = row["due_at"]
            if queues:
                for row in await connection.fetch(
                    sql.text("next_due_queues"),
                    [queue.campaign_id for queue, _ in queues],
                    [queue.place for queue, _ in queues],
                ):
                    due[Queue(row["campaign_id"], row["place"])] = row["due_at"]
        return due

    async def give_back(
        self, rows: Sequence[GiveBack], *, term: int, now: datetime
    ) -> None:
        """Return leased rows; those no longer ours are left alone."""

        async def write(rows: Sequence[GiveBack]) -> None:
            async with self._database.connection(ACQUIRE_S) as connection:
                await connection.execute(
                    sql.text("give_back"), as_json(rows), now, term
                )

        await _each_if_poisoned(
            rows, write, lambda row: replace(row, detail=UNREADABLE)
        )

    async def give_back_strays(
        self, send_ids: Sequence[int], *, term: int, now: datetime
    ) -> int:
        """Return rows this term has leased that nobody works on; tell how many."""
        async with self._database.connection(ACQUIRE_S) as connection:
            strays: int = await connection.fetchval(
                sql.text("give_back_strays"), now, term, send_ids
            )
        return strays

    async def begin(
        self, intents: Sequence[Intent], *, term: int
    ) -> list[IntentAnswer]:
        """Write intents in one transaction; one by one where a cap is at its end."""
        try:
            return await self._begin(intents, term)
        except asyncpg.CheckViolationError as error:
            if error.constraint_name != "usage_within_cap":
                raise
        if len(intents) == 1:
            return [IntentAnswer.CAPPED]
        answers = []
        for intent in intents:
            answers += await self.begin([intent], term=term)
        return answers

    async def _begin(self, intents: Sequence[Intent], term: int) -> list[IntentAnswer]:
        for _ in range(STALE_AT_MOST):
            async with self._database.connection(ACQUIRE_S) as connection:
                rows = await connection.fetch(
                    sql.text("begin_attempts"), as_json(intents), term, self._owner
                )
            told = dict(rows)
            fence = told.pop(0)
            if fence == "lost":
                raise LeaseLostError(f"term {term} is over")
            if fence == "fenced":
                answers = [
                    IntentAnswer(told.get(place, IntentAnswer.GONE))
                    for place in range(1, len(intents) + 1)
                ]
                self._recent.begun(intents, answers)
                return answers
        raise LedgerAwayError("pauses and opt-outs come too fast to write an intent")

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes; one already settled is left as it is."""

        async def write(rows: Sequence[Outcome]) -> None:
            async with self._database.connection(ACQUIRE_S) as connection:
                await connection.execute(sql.text("record_outcomes"), as_json(rows))
            self._recent.ended(rows)

        await _each_if_poisoned(
            outcomes, write, lambda outcome: replace(outcome, text=UNREADABLE)
        )

    async def recover(self, *, term: int, now: datetime) -> tuple[int, int]:
        """Settle what earlier terms left: (given back, uncertain)."""
        async with self._database.connection(ACQUIRE_S) as connection:
            leased = await connection.fetchval(sql.text("recover_leased"), now, term)
            sending = await connection.fetchval(sql.text("recover_sending"), now, term)
        return leased, sending

    async def expire_stale(self, *, now: datetime, at_most: int) -> int:
        """End what waits too long to be of use; tell how many there were."""
        async with self._database.connection(ACQUIRE_S) as connection:
            ended: int = await connection.fetchval(
                sql.text("expire_stale"), now, at_most
            )
        return ended

    async def settle_uncertain(
        self, *, now: datetime, before: datetime, hanging: Sequence[int] = ()
    ) -> Mapping[State, int]:
        """Apply each campaign's policy to what has been uncertain since ``before``.

        But not to sends whose letters still hang here, whatever the clock says.
        """
        async with self._database.connection(ACQUIRE_S) as connection:
            rows = await connection.fetch(
                sql.text("settle_uncertain"), now, before, hanging
            )
        return {State(row["state"]): row["n"] for row in rows}

    async def settle_departures(self, *, now: datetime) -> Settled:
        """Do with the letters of lost mailboxes what their campaigns say."""
        async with self._database.connection(ACQUIRE_S) as connection:
            return await settle_departures(connection, author=AUTHOR, now=now)

    async def queues(self) -> list[Queue]:
        """List the first-touch queues that exist."""
        async with self._database.connection(ACQUIRE_S) as connection:
            rows = await connection.fetch(sql.text("queues"))
        return [Queue(row["campaign_id"], row["place"]) for row in rows]


async def _each_if_poisoned(
    rows: Sequence[Row],
    write: Callable[[Sequence[Row]], Awaitable[None]],
    cleaned: Callable[[Row], Row],
) -> None:
    """Write rows; one the database cannot hold must not keep its neighbours out.

    It is written alone, without the text for people.
    """
    try:
        await write(rows)
    except POISONED:
        for row in rows:
            try:
                await write([row])
            except POISONED:
                await write([cleaned(row)])
