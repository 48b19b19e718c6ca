"""Silent people: found by stretches, and put aside.

Silent is who was written to in a campaign, has no letter under way, whose last letter
is older than the campaign's ``silent_after``, and of whom no answer is known. Putting
aside stops the enrolment with the reason ``silent`` and cancels what waits; who has
answered in the meantime is left alone.
Errors: NoSuchError for a campaign nobody has; LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from outreachd.rules.model import Kind
from outreachd.store import sql
from outreachd.store.database import Database
from outreachd.store.steering import find, note


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A person who has not been heard of in a campaign."""

    id: int  # of the enrolment
    campaign: str
    silent_after_s: float
    email: str
    timezone: str
    country: str
    region: str
    language: str
    variables: Mapping[str, str]
    consent_basis: str | None
    consent_source: str | None
    consent_at: datetime | None
    last_at: datetime  # of the last letter
    waiting: int  # letters that would be cancelled


class PgCare:
    """The care of lists in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def campaign(self, name: str | None) -> int | None:
        """Find a campaign; None stands for all. NoSuchError."""
        if name is None:
            return None
        async with self._database.connection() as connection:
            return await find(connection, Kind.CAMPAIGN, name)

    async def written_to(self, campaign_id: int | None) -> dict[str, int]:
        """Count the people of each campaign who got a letter."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("written_to"), campaign_id)
        return {row["name"]: row["n"] for row in rows}

    async def silent(
        self, campaign_id: int | None, now: datetime
    ) -> AsyncIterator[list[Silent]]:
        """Give the silent, a stretch of enrolments at a time."""
        last = 0
        while True:
            async with self._database.connection() as connection:
                end = await connection.fetchval(sql.text("care_stretch"), last)
                if end is None:
                    return
                rows = await connection.fetch(
                    sql.text("silent"), last, end, campaign_id, now
                )
            last = end
            if rows:
                yield [
                    Silent(**dict(row) | {"variables": _variables(row["variables"])})
                    for row in rows
                ]

    async def put_aside(
        self, people: Sequence[Silent], *, author: str, now: datetime
    ) -> tuple[int, int]:
        """Stop their sequences; how many people that were, and how many letters."""
        ids = [person.id for person in people]
        async with self._database.connection() as connection:
            async with connection.transaction():
                done = await connection.fetchrow(sql.text("put_aside"), ids, now)
                assert done is not None  # counts
                detail = {"first": ids[0], "last": ids[-1], "n": done["people"]}
                await note(connection, now, author, "put aside", detail)
        return done["people"], done["sends"]


_variables = msgspec.json.Decoder(dict[str, str]).decode
