"""What waits, counted: what a plan starts from.

Reads only. Due times are told by the hour, since a plan needs no more and a million
rows become a few thousand. Errors: LedgerAwayError, from the connection.
"""

from __future__ import annotations

from datetime import datetime

from outreachd.rules.outlook import Waiting
from outreachd.rules.standstill import Left
from outreachd.store import sql
from outreachd.store.database import Connection


async def read_waiting(
    connection: Connection, *, now: datetime, until: datetime, crowd: int | None = None
) -> list[Waiting]:
    """Count what is scheduled to be sent before ``until``.

    With ``crowd`` also by receiver, for each for whom more than so many letters wait.
    """
    if crowd is not None:
        rows = await connection.fetch(sql.text("plan_by_receiver"), now, until, crowd)
        return [Waiting(**row) for row in rows]
    rows = [
        *await connection.fetch(sql.text("plan_queues"), now, until),
        *await connection.fetch(sql.text("plan_lanes"), now, until),
    ]
    return [Waiting(**row) for row in rows]


async def oldest_due(connection: Connection) -> list[tuple[int, datetime]]:
    """Find the scheduled send of each campaign that is due first: its id, and when."""
    rows = await connection.fetch(sql.text("oldest_due"))
    return [(row["id"], row["due_at"]) for row in rows]


async def left_over(connection: Connection) -> Left:
    """Count what waits for a person, for evidence or for a campaign to come back."""
    rows = await connection.fetch(sql.text("count_waiting"))
    retired = await connection.fetch(sql.text("count_retired"))
    return Left(
        held={row["reason"]: row["n"] for row in rows if row["state"] == "held"},
        uncertain=sum(row["n"] for row in rows if row["state"] == "uncertain"),
        retired=sum(row["n"] for row in retired),
    )


async def database_time(connection: Connection) -> datetime:
    """Read the clock of the database's machine."""
    now: datetime = await connection.fetchval(sql.text("database_time"))
    return now
