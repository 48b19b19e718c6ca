"""Who rests at which receiver, kept so that a restart grants nothing.

Errors: LedgerAwayError from the connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from outreachd.rules.model import Kind
from outreachd.rules.shaping import CLEAN, Slow
from outreachd.store import sql
from outreachd.store.database import Connection, Database


class PgShaping:
    """Shaping in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, now: datetime) -> list[Slow]:
        """Read what holds, and what is not forgotten yet."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("read_shaping"), now - CLEAN)
        return [Slow(**{**row, "kind": Kind(row["kind"])}) for row in rows]

    async def receiver_of(self, domain: str) -> str:
        """Tell who runs a domain's mail; the domain itself where nobody knows."""
        async with self._database.connection() as connection:
            receiver = await connection.fetchval(sql.text("receiver_of"), domain)
        return receiver or domain

    async def receivers_of(self, domains: Sequence[str]) -> dict[str, str]:
        """Tell who runs these domains' mail, at once; as ``receiver_of`` of each."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("receivers_of"), domains)
        return dict(zip(domains, domains, strict=True)) | dict(rows)

    async def domains_of(self, receiver: str) -> list[str]:
        """List the domains whose mail a receiver runs."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("domains_of_receiver"), receiver)
        return [row["domain"] for row in rows]


async def put_slow(connection: Connection, slow: Slow) -> None:
    """Keep one, in the transaction of the notice that said so."""
    await connection.execute(
        sql.text("put_shaping"),
        slow.kind.value,
        slow.target_id,
        slow.receiver,
        slow.until,
        slow.rounds,
        slow.reason,
    )
