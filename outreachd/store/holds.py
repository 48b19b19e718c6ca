"""Sends that wait for a person: listed, let go on, dropped.

Each order names its choice and is audited with it, a part at a time where it is large:
no statement takes long, and nobody waits for the rows of it. A held send has no intent
under way, so nothing needs to be barred meanwhile. What has no ground of consent is not
let go: it would be held again at once. A dropped letter ends its sequence: what would
follow it makes no sense without it.
Errors: NoSuchError for a campaign nobody has; LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from outreachd.rules.model import Kind
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.steering import find, note


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which held sends are meant; what is None does not matter."""

    campaign: str | None = None
    reason: str | None = None
    ids: Sequence[int] | None = None
    before: datetime | None = None  # held since before


@dataclass(frozen=True, slots=True)
class Example:
    """One held send."""

    send: int
    step: int
    contact: str
    detail: str


@dataclass(frozen=True, slots=True)
class Held:
    """Held sends of one campaign and reason."""

    campaign: str
    reason: str
    n: int
    oldest: datetime
    groundless: int  # of them without a ground of consent, or the yes, that it needs
    examples: list[Example]


@dataclass(frozen=True, slots=True)
class Settled:
    """What an order did."""

    n: int
    groundless: int = 0  # stay held for want of a ground of consent


AT_ONCE = 5000  # sends

_examples = msgspec.json.Decoder(list[Example]).decode


class PgHolds:
    """What is held, in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, choice: Choice) -> Sequence[Held]:
        """Count by campaign and reason, with examples."""
        async with self._database.connection() as connection:
            await _check(connection, choice)
            rows = await connection.fetch(sql.text("list_holds"), *_values(choice))
        return [Held(**{**row, "examples": _examples(row["examples"])}) for row in rows]

    async def release(self, choice: Choice, *, author: str, now: datetime) -> Settled:
        """Let them go on."""
        return await self._order("release", choice, author, now)

    async def drop(self, choice: Choice, *, author: str, now: datetime) -> Settled:
        """Never send them."""
        return await self._order("drop", choice, author, now)

    async def _order(
        self, verb: str, choice: Choice, author: str, now: datetime
    ) -> Settled:
        n = groundless = 0
        last: int | None = 0
        while last is not None:
            part, last = await self._part(verb, choice, last, author, now)
            n, groundless = n + part.n, groundless + part.groundless
        return Settled(n, groundless)

    async def _part(
        self, verb: str, choice: Choice, last: int, author: str, now: datetime
    ) -> tuple[Settled, int | None]:
        async with self._database.connection() as connection:
            async with connection.transaction():
                await _check(connection, choice)
                query = sql.text(f"{verb}_held")
                row = await connection.fetchrow(
                    query, *_values(choice), now, last, AT_ONCE
                )
                assert row is not None  # counts
                settled = Settled(row["n"], row["groundless"])
                detail = {
                    "campaign": choice.campaign,
                    "reason": choice.reason,
                    "ids": choice.ids,
                    "before": choice.before,
                    "n": settled.n,
                }
                await note(connection, now, author, verb, detail)
                if verb == "release":
                    await connection.execute(sql.text("notify_work"))
        return settled, row["next"]


async def _check(connection: Connection, choice: Choice) -> None:
    if choice.campaign is not None:
        await find(connection, Kind.CAMPAIGN, choice.campaign)


def _values(choice: Choice) -> tuple[object, ...]:
    return choice.campaign, choice.reason, choice.ids, choice.before
