"""A fleet, sends and suppressions in a real database, as the tests of the list need."""

from __future__ import annotations

from typing import Any

from outreachd.rules.suppression import Eraser, read_target
from outreachd.store.database import Database
from outreachd.store.suppression_rows import Entry, Scope, barred
from outreachd.store.suppressions import Added, PgSuppressions
from tests.store.seed import NOW, add_send, seed_fleet

ERASER = Eraser([b"k" * 32])


async def store_of(db: Database, *emails: str, **values: Any) -> PgSuppressions:
    """Seed the fleet, with a second client, and a send to each address."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "INSERT INTO client (name, share, postal_address, timezone)"
            " VALUES ('bolt', 1, 'Bolt, Berlin', 'UTC')"
        )
        for email in emails:
            await add_send(connection, email, **values)
    return PgSuppressions(db)


def entry(text: str, scope: Scope = Scope(), reason: str = "asked") -> Entry:  # noqa: B008
    return Entry(
        target=read_target(text), scope=scope, reason=reason, source="phone", at=NOW
    )


async def put(store: PgSuppressions, *entries: Entry) -> Added:
    return await store.add(entries, author="ann", now=NOW)


async def rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    async with db.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def states(db: Database) -> list[str]:
    return [row[0] for row in await rows(db, "SELECT state FROM send ORDER BY id")]


async def is_barred(db: Database, email: str, campaign_id: int = 1) -> bool:
    async with db.connection() as connection:
        found = await barred(
            connection, ERASER, [email], client_id=1, campaign_id=campaign_id
        )
    return email in found
