"""Counts letters by the quarter they were sent in, and what came back for them.

Counting is done again without harm: replies are counted anew while they may change,
notices are marked in the statement that adds them; refusals before DATA are told.
Also which receivers were down, and who hears nothing. Errors: LedgerAwayError.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from outreachd.rules.cases import Fresh, Key, Row, Tally
from outreachd.rules.health import Counts
from outreachd.rules.model import Kind
from outreachd.rules.outage import LETTERS
from outreachd.rules.refusal import Refused
from outreachd.store import sql
from outreachd.store.database import Connection, Database

# An attempt ends within this time of its beginning.
STILL_CHANGING = timedelta(hours=1)
NOTICES_AT_ONCE = 5000
AT_ONCE = timedelta(days=1)  # so that no statement takes long
OLDEST = timedelta(days=30)  # what is older judges nobody
LOOK_LIMIT_S = 35.0  # the server's own limit is shorter and tells more


class PgTallies:
    """Counts in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tally(self, now: datetime) -> bool:
        """Count what is new, a day at a time; tell whether anything was."""
        is_new, is_done = False, False
        while not is_done:
            async with self._database.connection() as connection:
                async with connection.transaction():
                    found, is_done = await _tally(connection, now)
            is_new = is_new or found
        return is_new

    async def put_refused(self, rows: Sequence[Refused]) -> None:
        """Count what was refused before DATA for what the sender is or does."""
        encoded = msgspec.json.encode(rows).decode()
        async with self._database.connection() as connection:
            await connection.execute(sql.text("tally_refusals"), encoded)

    async def of_late(self, since: datetime) -> dict[str, list[Counts]]:
        """Tell what each domain sent to each receiver, where it says something."""
        found: dict[str, list[Counts]] = defaultdict(list)
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("tally_of_late"), since, LETTERS)
        for row in rows:
            found[row["receiver"]].append(_counts(row))
        return found

    async def put_outage(self, receiver: str, first: datetime, last: datetime) -> int:
        """Note that a receiver was down; tell how many quarters are new."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                sql.text("put_outage"), receiver, _quarter(first), _quarter(last)
            )
        return len(rows)

    async def windows(self, now: datetime, hours: Sequence[int]) -> list[Row]:
        """Tell the counts of the last hours and days."""
        rows = await self._looked("windows", now, hours)
        # In a thread: a large fleet takes longer than the loop may stand still.
        return await asyncio.to_thread(_rows, rows)

    async def fresh(
        self, now: datetime, hours: Sequence[int]
    ) -> dict[Key, list[Fresh]]:
        """Tell the counts of those who began anew, since they did."""
        rows = await self._looked("fresh_windows", now, hours)
        return await asyncio.to_thread(_fresh, rows)

    async def of_domains(
        self, now: datetime, hours: Sequence[int], domain_id: int | None = None
    ) -> dict[int, dict[int, Counts]]:
        """Tell the counts of domains, or of one, by window."""
        found: dict[int, dict[int, Counts]] = defaultdict(dict)
        for row in await self._looked("domain_windows", now, hours, domain_id):
            found[row["domain_id"]][row["hours"]] = _counts(row)
        return found

    async def _looked(
        self, name: str, now: datetime, hours: Sequence[int], *more: int | None
    ) -> list[asyncpg.Record]:
        async with self._database.connection() as connection:
            async with connection.transaction():
                await connection.execute(sql.text("look_settings"))
                return await connection.fetch(
                    sql.text(name), now, hours, *more, timeout=LOOK_LIMIT_S
                )

    async def deaf(self, now: datetime) -> frozenset[int]:
        """Name the mailboxes whose mail cannot be read."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("deaf_mailboxes"), now)
        return frozenset(row["target_id"] for row in rows)

    async def tallies(self, since: datetime) -> list[Tally]:
        """Read the recorded past, quarter by quarter."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("tallies"), since)
        return [
            Tally(
                row["quarter"],
                row["mailbox_id"],
                row["domain_id"],
                row["account_id"],
                row["client_id"],
                row["receiver"],
                _counts(row),
            )
            for row in rows
        ]


def _rows(rows: Sequence[asyncpg.Record]) -> list[Row]:
    return [
        Row(
            row["mailbox_id"],
            row["account_id"],
            row["client_id"],
            row["hours"],
            _counts(row),
        )
        for row in rows
    ]


def _fresh(rows: Sequence[asyncpg.Record]) -> dict[Key, list[Fresh]]:
    found: dict[Key, list[Fresh]] = defaultdict(list)
    for row in rows:
        one = Fresh(row["hours"], row["since_stage"] or 0, _counts(row))
        found[Kind(row["kind"]), row["target_id"]].append(one)
    return found


async def _tally(connection: Connection, now: datetime) -> tuple[bool, bool]:
    """Count one day at most; tell whether there was anything, and whether it is all."""
    mark = await connection.fetchval(sql.text("tally_mark"))
    begin = min(max(mark, now - OLDEST), now)  # a clock may have been set back
    is_last = now - begin <= AT_ONCE
    end = now + AT_ONCE if is_last else begin + AT_ONCE
    since = _quarter(begin - STILL_CHANGING)
    told = [await connection.execute(sql.text("tally_replies"), since, end)]
    if is_last:
        notices = sql.text("tally_notices")
        told.append(await connection.execute(notices, NOTICES_AT_ONCE))
    await connection.execute(sql.text("set_tally_mark"), now if is_last else end)
    if await connection.fetchval(sql.text("renew_rests"), now):
        await connection.execute(sql.text("notify_pause"))
    return any(not one.endswith(" 0") for one in told), is_last


def _counts(row: asyncpg.Record) -> Counts:
    return Counts(row["sent"], row["hard"], row["block"], row["soft"], row["complaint"])


def _quarter(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
