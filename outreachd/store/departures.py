"""What becomes of letters whose mailbox, campaign or step has left the fleet.

Follow-ups of a lost mailbox wait, get a stand-in of the same domain, or end, as their
campaign says; one that may have arrived is held, since from another sender it would be
a second letter. What was held for want of its campaign or step goes on when that
returns. Always holds: only what waits is touched, by compare-and-set, so that a daemon
may send meanwhile; doing it twice changes nothing. Errors: LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import asyncpg

from outreachd.rules.stand_in import share_out
from outreachd.store import sql
from outreachd.store.database import Connection
from outreachd.store.steering import note

BATCH = 5000
MAY_HAVE_ARRIVED = (
    "its mailbox has left the fleet after an attempt that may have arrived; release it "
    "to send it from another one, or drop it"
)


@dataclass(frozen=True, slots=True)
class Settled:
    """How many sends were moved to a stand-in, held, ended, or go on again."""

    stood_in: int = 0
    held: int = 0
    stopped: int = 0
    resumed: int = 0

    def __bool__(self) -> bool:
        """Whether anything was done."""
        return self != Settled()


async def settle_departures(
    connection: Connection, *, author: str, now: datetime
) -> Settled:
    """Do with the letters of lost things what their campaigns say."""
    stood_in = held = stopped = 0
    while rows := await connection.fetch(sql.text("lost_sends"), BATCH):
        over = [row["id"] for row in rows if row["is_over"]]
        doubtful = [
            row["id"] for row in rows if row["may_have_arrived"] and not row["is_over"]
        ]
        rest = [r for r in rows if not r["is_over"] and not r["may_have_arrived"]]
        done = (
            await _stand_in(connection, rest, now),
            await connection.fetchval(
                sql.text("hold_lost"), doubtful, MAY_HAVE_ARRIVED, now
            ),
            await connection.fetchval(sql.text("stop_lost"), over, now),
        )
        stood_in, held, stopped = stood_in + done[0], held + done[1], stopped + done[2]
        if not any(done):
            break  # all of them are claimed at this moment
    settled = Settled(stood_in, held, stopped, await _resume(connection, now))
    if settled:
        await note(connection, now, author, "departures", asdict(settled))
        await connection.execute(sql.text("notify_work"))
    return settled


async def _resume(connection: Connection, now: datetime) -> int:
    resumed = 0
    while n := await connection.fetchval(sql.text("resume_returned"), now, BATCH):
        resumed += n
    return resumed


async def _stand_in(
    connection: Connection, rows: Sequence[asyncpg.Record], now: datetime
) -> int:
    if not rows:
        return 0
    candidates: dict[tuple[int, int], list[int]] = {}
    loads: dict[int, int] = {}
    for row in await connection.fetch(
        sql.text("stand_ins"),
        list({row["campaign_id"] for row in rows}),
        list({row["domain_id"] for row in rows}),
    ):
        candidates.setdefault((row["campaign_id"], row["domain_id"]), []).append(
            row["id"]
        )
        loads[row["id"]] = row["load"]
    sends = ((r["id"], (r["campaign_id"], r["domain_id"])) for r in rows)
    chosen = share_out(sends, candidates, loads)
    moved = [row for row in rows if row["id"] in chosen]
    count: int = await connection.fetchval(
        sql.text("put_stand_ins"),
        [row["id"] for row in moved],
        [row["mailbox_id"] for row in moved],
        [chosen[row["id"]] for row in moved],
        [f"stands in for {row['address']}, which has left the fleet" for row in moved],
        now,
    )
    return count
