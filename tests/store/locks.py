"""Seeing from outside that somebody waits for a lock of the database."""

from __future__ import annotations

import asyncio

from outreachd.store.database import Database


async def wait_for_lock(db: Database, count: int = 1) -> None:
    """Return once so many statements wait for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(90), db.connection() as connection:
        while await connection.fetchval(query) < count:
            pass
