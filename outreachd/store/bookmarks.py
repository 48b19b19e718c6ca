"""How far each mailbox was read, which are not heard, and mails handed in by pipe.

A bookmark is moved only after what is before it was stored. What is handed in stays
until it was acted on. Errors: LedgerAwayError from the connection.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from outreachd.rules.sources import Key, Mark
from outreachd.store import sql
from outreachd.store.database import Database

MAX_FAULT = 300  # characters


class PgBookmarks:
    """Bookmarks and readings in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def marks(self, key: Key) -> dict[str, Mark]:
        """Read the bookmarks of one mailbox, by folder."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("marks"), *key)
        return {row["folder"]: Mark(row["validity"], row["uid"]) for row in rows}

    async def put_mark(self, key: Key, folder: str, mark: Mark) -> None:
        """Move a bookmark: all before it is stored."""
        await self._execute("put_mark", *key, folder, mark.validity, mark.uid)

    async def expect(self, keys: Collection[Key], deaf_at: datetime) -> None:
        """Expect to hear these, and no others, before that time."""
        kinds, ids = [kind for kind, _ in keys], [id for _, id in keys]
        await self._execute("expect_readings", kinds, ids, deaf_at)

    async def heard(self, key: Key, now: datetime, deaf_at: datetime) -> None:
        """Note that a mailbox was read."""
        await self._execute("put_heard", *key, now, deaf_at)

    async def unheard(self, key: Key, fault: str) -> None:
        """Note why a mailbox could not be read."""
        await self._execute("put_unheard", *key, fault[:MAX_FAULT])

    async def deaf(self, now: datetime) -> list[dict[str, Any]]:
        """List those that have not been read for too long."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("deaf"), now)
        return [dict(row) for row in rows]

    # --- handed in --------------------------------------------------------------------

    async def hand_in(self, raw: bytes, now: datetime) -> int:
        """Keep a mail for the daemon that acts on it; when this returns, it is kept."""
        async with self._database.connection() as connection:
            id: int = await connection.fetchval(sql.text("hand_in"), now, raw)
        return id

    async def handed_in(self, at_most: int) -> list[tuple[int, bytes]]:
        """Read the oldest mails that wait."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("handed_in"), at_most)
        return [(row["id"], row["raw"]) for row in rows]

    async def drop_handed_in(self, id: int) -> None:
        """Forget a mail that was acted on."""
        await self._execute("drop_handed_in", id)

    async def _execute(self, name: str, *values: object) -> None:
        async with self._database.connection() as connection:
            await connection.execute(sql.text(name), *values)
