"""Forgets what nobody needs any more: counts, mails of nobody, contents, old answers.

A turn takes a chunk of each kind, so that no statement takes long and none holds up the
sending. What a report, a proof of consent, a suppression or a letter that may still go
rests on is never touched. An attachment goes when nothing has named it in two turns,
behind a lock that keeps out whoever is about to name it.
Errors: LedgerAwayError from the connection.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from outreachd.rules.shaping import CLEAN
from outreachd.store import sql
from outreachd.store.content import FILES_LIMIT_S
from outreachd.store.database import Connection, Database
from outreachd.store.idempotency import KEPT_FOR

TALLIES_KEPT = timedelta(days=90)  # `replay` looks so far back
# A mail is known again for as long as a mailbox may be read again: at most 90 days.
NOTICES_KEPT = timedelta(days=120)
CONTENTS_KEPT = timedelta(days=90)  # after the letter ended
AT_ONCE = 2000  # rows of a kind


class PgForgetting:
    """The end of old rows in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._orphans: frozenset[bytes] = frozenset()  # as the last turn found them

    async def turn(self, now: datetime) -> bool:
        """Forget a chunk of each kind; tell whether there is more."""
        times = {
            "forget_tallies": TALLIES_KEPT,
            "forget_outages": TALLIES_KEPT,
            "forget_notices": NOTICES_KEPT,
            "forget_rests": CLEAN,
            "forget_calls": KEPT_FOR,
        }
        is_more = False
        async with self._database.connection() as connection:
            for name, kept in times.items():
                gone = await connection.fetchval(sql.text(name), now - kept, AT_ONCE)
                is_more = is_more or gone == AT_ONCE
            contents = sql.text("forget_one_offs")
            before = now - CONTENTS_KEPT
            gone = await connection.fetchval(contents, before, AT_ONCE, now)
        return is_more or gone == AT_ONCE

    async def drop_attachments(self) -> int:
        """Delete what nothing named now and last time; tell how many there were."""
        async with self._database.connection() as connection:
            async with connection.transaction():
                if not await connection.fetchval(sql.text("lock_attachments")):
                    return 0
                found = await _orphans(connection)
                gone, self._orphans = found & self._orphans, found - self._orphans
                if gone:
                    drop = sql.text("drop_attachments")
                    await connection.execute(drop, list(gone), timeout=FILES_LIMIT_S)
        return len(gone)


async def _orphans(connection: Connection) -> frozenset[bytes]:
    rows = await connection.fetch(sql.text("orphans"))
    return frozenset(row["sha256"] for row in rows)
