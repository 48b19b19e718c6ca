"""Who must not be written to: entering, taking back, finding, and leaving by oneself.

Always holds: once an entry is committed no intent can be written that has not seen it.
The lease row is locked against intents as the last thing before the commit, so that
they wait for the commit alone. What waits for those people ends right after it, in
transactions of their own: one that held rows of sends while it waits for the lease
would wait for an intent that waits for it. Should that fail, the claim ends them.
Errors: NoSuchError, TheirWishError, TooManyGlobsError, LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outreachd.rules.records import LedgerAwayError
from outreachd.rules.suppression import OPT_OUT, THEIR_WISH, Eraser, Form, Target
from outreachd.store import sql
from outreachd.store.database import Database
from outreachd.store.steering import NoSuchError, note
from outreachd.store.suppression_rows import (
    Entry,
    Scope,
    cancel_addressed,
    cancel_matching,
    enter,
    find_scope,
)

RECIPIENT = "the recipient"  # the author of what people ask for themselves
NEWEST = (1 << 63) - 1


class TheirWishError(Exception):
    """Taking an entry back would go against the person's own wish."""


@dataclass(frozen=True, slots=True)
class Added:
    """What entering did: ids of the new entries, and how many sends it ended."""

    ids: Sequence[int]
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries to list; newest first, ``limit`` of those with ids below."""

    below_id: int = NEWEST
    limit: int = 100
    client: str | None = None
    campaign: str | None = None
    reason: str | None = None
    containing: str | None = None
    with_undone: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Who holds an opt-out token: whose letters they got, how to speak to them."""

    client: str
    language: str  # as the contact has it; "" = unknown
    country: str
    has_left: bool


class PgSuppressions:
    """The suppression list in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- entering and taking back -----------------------------------------------------

    async def scope(self, client: str | None, campaign: str | None) -> Scope:
        """Find where an entry for these names holds; NoSuchError."""
        async with self._database.connection() as connection:
            return await find_scope(connection, client, campaign)

    async def add(
        self,
        entries: Sequence[Entry],
        *,
        author: str,
        now: datetime,
        of: int | None = None,
    ) -> Added:
        """Enter what does not stand yet; when this returns, it holds.

        ``of``: the contact that it is about; of one who was erased nothing is entered.
        """
        async with self._database.connection() as connection:
            async with connection.transaction():
                known = sql.text("still_known")
                if of is not None and await connection.fetchval(known, of) is None:
                    return Added([], 0)
                ids = await enter(connection, entries, author)
                if not ids:
                    return Added([], 0)
                detail = {"first": ids[0], "last": ids[-1], "n": len(ids)}
                await note(connection, now, author, "suppress", detail)
                await connection.execute(sql.text("bar_intents"))
        return Added(ids, await self._cancel(ids, entries, now))

    async def undo(
        self,
        id: int,
        *,
        reason: str,
        source: str,
        author: str,
        now: datetime,
        at_their_request: bool = False,
    ) -> bool:
        """Take an entry back by a row of its own; False = it was already."""
        async with self._database.connection() as connection:
            async with connection.transaction():
                row = await connection.fetchrow(sql.text("suppression_of_id"), id)
                if row is None or row["undoes"] is not None:
                    raise NoSuchError(f"there is no suppression {id}")
                if row["reason"] in THEIR_WISH and not at_their_request:
                    raise TheirWishError(
                        f"suppression {id} is the person's own wish ({row['reason']}):"
                        " it is only taken back at their request"
                    )
                undone = await connection.fetchval(
                    sql.text("undo_suppression"), id, reason, source, author, now
                )
                if undone is None:
                    return False
                detail = {"id": id, "reason": reason}
                await note(connection, now, author, "unsuppress", detail)
        return True

    async def opt_out(
        self, enrolment_id: int, source: str, now: datetime
    ) -> Person | None:
        """Take a person at their word: no letter of this client any more.

        None = nobody has this enrolment. Who has left already costs one look.
        """
        row = await self._enrolled(enrolment_id)
        if row is None:
            return None
        if not row["has_left"]:
            entry = Entry(
                target=Target(row["email"], Form.ADDRESS),
                scope=Scope(row["client_id"]),
                reason=OPT_OUT,
                source=source,
                at=now,
            )
            await self.add([entry], author=RECIPIENT, now=now, of=row["contact_id"])
        return _person(row)

    # --- finding ----------------------------------------------------------------------

    async def person(self, enrolment_id: int) -> Person | None:
        """Tell who holds the opt-out token of an enrolment."""
        row = await self._enrolled(enrolment_id)
        return _person(row) if row else None

    async def page(self, wanted: Wanted) -> list[dict[str, Any]]:
        """List entries, a page at a time; NoSuchError for a name nobody has."""
        async with self._database.connection() as connection:
            scope = await find_scope(connection, wanted.client, wanted.campaign)
            rows = await connection.fetch(
                sql.text("list_suppressions"),
                wanted.below_id,
                wanted.limit,
                scope.client_id,
                scope.campaign_id,
                wanted.reason,
                _containing(wanted.containing),
                wanted.with_undone,
            )
        return [dict(row) for row in rows]

    async def barring(self, email: str, eraser: Eraser) -> list[dict[str, Any]]:
        """List every standing entry that bars an address from somewhere."""
        known_as = [email, *eraser.known_as(email)]
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("suppressions_barring"), known_as)
        return [dict(row) for row in rows]

    # --- inside -----------------------------------------------------------------------

    async def _cancel(
        self, ids: Sequence[int], entries: Sequence[Entry], now: datetime
    ) -> int:
        """End what waits; where outcomes are in the way, once more."""
        ended = 0
        for _ in range(2):
            with suppress(LedgerAwayError):
                async with self._database.connection() as connection:
                    ended += await cancel_addressed(connection, ids, now)
                    if any(entry.target.is_wide for entry in entries):
                        ended += await cancel_matching(connection, ids, now)
                break
        return ended

    async def _enrolled(self, enrolment_id: int) -> Mapping[str, Any] | None:
        async with self._database.connection() as connection:
            return await connection.fetchrow(sql.text("enrolled_person"), enrolment_id)


def _person(row: Mapping[str, Any]) -> Person:
    return Person(row["client"], row["language"], row["country"], row["has_left"])


def _containing(text: str | None) -> str | None:
    if text is None:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped.lower()}%"
