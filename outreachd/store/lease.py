"""The lease on the fleet: who sends now, under which term; and who else is about.

Taken, renewed and given up on the database's clock. A term never comes back: every
change of owner raises it, and each intent is checked against it (store/ledger).
Waiting for the end of a term is not needed where its owner is known to be dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from outreachd.store import sql
from outreachd.store.database import Database

ACQUIRE_S = 5.0


class PgLeases:
    """The lease row and the list of instances, for one daemon.

    ``dead``: instances that have surely ended, so that their lease is free.
    """

    def __init__(
        self, database: Database, owner: UUID, dead: Sequence[UUID] = ()
    ) -> None:
        self._database = database
        self._owner = owner
        self._dead = dead

    async def take(self, ttl_s: float) -> int | None:
        """Take the lease if it is free; the new term, or None."""
        async with self._database.connection(ACQUIRE_S) as connection:
            term: int | None = await connection.fetchval(
                sql.text("take_lease"), self._owner, ttl_s, self._dead
            )
        return term

    async def renew(self, term: int, ttl_s: float) -> bool:
        """Keep the lease; False = it is lost for good."""
        async with self._database.connection(ACQUIRE_S) as connection:
            kept = await connection.fetchval(
                sql.text("renew_lease"), self._owner, term, ttl_s
            )
        return kept is not None

    async def release(self, term: int) -> None:
        """Give the lease up, so that a standby need not wait for its end."""
        async with self._database.connection(ACQUIRE_S) as connection:
            await connection.execute(sql.text("release_lease"), self._owner, term)

    async def seen(
        self, *, host: str, pid: int, version: str, role: str, now: datetime
    ) -> None:
        """Say that this daemon lives, and as what."""
        async with self._database.connection(ACQUIRE_S) as connection:
            await connection.execute(
                sql.text("seen_instance"), self._owner, host, pid, version, role, now
            )

    async def forget(self, *, before: datetime) -> None:
        """Take this daemon off the list, and those not seen since ``before``."""
        async with self._database.connection(ACQUIRE_S) as connection:
            await connection.execute(sql.text("forget_instances"), self._owner, before)

    async def instances(self) -> Sequence[dict[str, object]]:
        """List the daemons that have been about lately."""
        async with self._database.connection(ACQUIRE_S) as connection:
            return [dict(row) for row in await connection.fetch(sql.text("instances"))]
