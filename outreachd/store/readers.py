"""The people a campaign will write to, as their letters need them.

For preview and lint: nothing is claimed and nothing is changed. The whole list is
streamed, so that a million of them need no memory. Errors: LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from outreachd.store import sql
from outreachd.store.database import Connection

PREFETCH = 1_000  # rows


@dataclass(frozen=True, slots=True)
class Reader:
    """A contact of a campaign's client."""

    contact_id: int
    email: str
    variables: bytes  # JSON object of strings
    language: str  # "" = unknown
    country: str
    enrolment_id: int  # 0 = not in the campaign
    mailbox_id: int | None  # that wrote to him first


async def find_reader(
    connection: Connection, campaign_id: int, email: str
) -> Reader | None:
    """Find a contact by his address; he need not be in the campaign."""
    row = await connection.fetchrow(sql.text("find_reader"), campaign_id, email)
    return Reader(**{**row, "variables": row["variables"].encode()}) if row else None


async def count_readers(connection: Connection, campaign_id: int) -> int:
    """Count the people whose sequence in a campaign is not over."""
    n: int = await connection.fetchval(sql.text("count_readers"), campaign_id)
    return n


async def each_reader(
    connection: Connection, campaign_id: int
) -> AsyncIterator[Reader]:
    """Go through the people whose sequence in a campaign is not over."""
    async with connection.transaction(readonly=True):
        query = sql.text("each_reader")
        async for row in connection.cursor(query, campaign_id, prefetch=PREFETCH):
            yield Reader(**{**row, "variables": row["variables"].encode()})
