"""What came of the letters of a time, counted by the database.

Errors: NoSuchError for a client or campaign nobody has; LedgerAwayError.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outreachd.rules.figures import By, Figure
from outreachd.rules.model import Kind
from outreachd.store import sql
from outreachd.store.database import Database
from outreachd.store.steering import find

# The longest a count may take, in seconds: ten million letters.
STATEMENT_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which figures are wanted."""

    by: By
    since: datetime
    until: datetime
    client: str | None = None
    campaign: str | None = None


async def read_figures(database: Database, asked: Asked) -> list[Figure]:
    """Count, by name in order."""
    async with database.connection() as connection:
        for kind, name in (
            (Kind.CLIENT, asked.client),
            (Kind.CAMPAIGN, asked.campaign),
        ):
            if name is not None:
                await find(connection, kind, name)
        async with connection.transaction(readonly=True):
            # A plan for any question reads what this one does not ask for.
            await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            await connection.execute("SET LOCAL work_mem = '64MB'")
            rows = await connection.fetch(
                sql.text("figures"),
                asked.by.value,
                asked.since,
                asked.until,
                asked.client,
                asked.campaign,
                timeout=STATEMENT_LIMIT_S,
            )
    return [Figure(**row) for row in rows]
