"""What people do to the fleet while it sends, and what they see of it.

Shared by the daemon's control listener and by the command line, which works without a
daemon too. A pause and a resume first lock the lease row against intents: once they
are committed, no intent is under way that has not seen them.
Errors: UnknownNameError for a name nobody has; LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from outreachd.rules.model import Kind
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.shares import read_shares

DAY = timedelta(days=1)


class NoSuchError(LookupError):
    """There is no such thing; the text is a sentence."""


class UnknownNameError(NoSuchError):
    """Nothing in the fleet has this name: it was called by a wrong one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """Counts of what waits and of the fleet by health."""

    due: int
    oldest_due_s: float
    uncertain: int
    held: dict[str, int]  # by reason
    mailboxes: dict[str, int]  # by health
    domains: dict[str, int]
    accounts: dict[str, int]
    # by check and finding
    domain_checks: dict[tuple[str, str], int] = field(default_factory=dict)


class PgSteering:
    """Pauses, releases and figures in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- doing ----------------------------------------------------------------------

    async def pause(
        self,
        kind: Kind,
        name: str,
        reason: str,
        until: datetime | None,
        author: str,
        now: datetime,
    ) -> None:
        """Stop something until a time, or until it is resumed."""
        async with self._barred() as connection:
            id = await find(connection, kind, name)
            await put_pause(connection, kind, id, reason, until, author, now)

    async def pause_id(
        self, kind: Kind, id: int, reason: str, author: str, now: datetime
    ) -> None:
        """Stop something by its id, without an end."""
        async with self._barred() as connection:
            await put_pause(connection, kind, id, reason, None, author, now)

    async def resume(self, kind: Kind, name: str, author: str, now: datetime) -> None:
        """End a pause; nothing happens where there is none.

        To resume the fleet says that its database is the one to go on with.
        """
        async with self._barred() as connection:
            id = await find(connection, kind, name)
            await connection.execute(sql.text("drop_pause"), kind.value, id)
            if kind is Kind.FLEET:
                await connection.execute(sql.text("adopt_identity"))
            detail = {"kind": kind.value, "id": id}
            await note(connection, now, author, "resume", detail)
            await connection.execute(sql.text("notify_pause"))

    @asynccontextmanager
    async def _barred(self) -> AsyncIterator[Connection]:
        """Open a transaction that no intent overlaps."""
        async with self._database.connection() as connection:
            async with connection.transaction():
                await connection.execute(sql.text("bar_intents"))
                yield connection

    # --- seeing ---------------------------------------------------------------------

    async def gauges(self, now: datetime) -> Gauges:
        """Count what dashboards show: nothing that grows with what was sent."""
        async with self._database.connection() as connection:
            return await _gauges(connection, now)

    async def status(self, now: datetime) -> dict[str, Any]:
        """Count sends, the due, the held, the fleet; list pauses and instances."""
        async with self._database.connection() as connection:
            gauges = await _gauges(connection, now)
            sends = await connection.fetch(sql.text("count_sends"))
            pauses = await connection.fetch(sql.text("list_pauses"), now)
            unfit = await connection.fetch(sql.text("bad_checks"))
            instances = await connection.fetch(sql.text("instances"))
            stranded = await connection.fetch(sql.text("count_stranded"))
            retired = await connection.fetch(sql.text("count_retired"))
            barred = await connection.fetch(sql.text("count_suppressions"))
            deaf = await connection.fetch(sql.text("deaf"), now)
            notices = await connection.fetch(sql.text("count_notices"), now - DAY)
            return {
                "sends": {row["state"]: row["n"] for row in sends},
                "due": gauges.due,
                "oldest_due_s": gauges.oldest_due_s,
                "sent_today": await connection.fetchval(sql.text("sent_today"), now),
                "held": gauges.held,
                "mailboxes": gauges.mailboxes,
                "domains": gauges.domains,
                "accounts": gauges.accounts,
                "suppressions": {row["level"]: row["n"] for row in barred},
                "notices": {row["kind"]: row["n"] for row in notices},
                "stranded": [dict(row) for row in stranded],
                "retired": [dict(row) for row in retired],
                "shares": await read_shares(connection, now),
                "pauses": [dict(row) for row in pauses],
                "checks": [dict(row) for row in unfit],
                "deaf": [dict(row) for row in deaf],
                "instances": [_instance(row, now) for row in instances],
            }

    async def send(self, id: int) -> dict[str, Any] | None:
        """Show one send with its attempts."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(sql.text("show_send"), id)
        if row is None:
            return None
        shown = dict(row)
        for name in ("attempt_list", "notices", "suppressed_by"):
            shown[name] = msgspec.json.decode(shown[name])
        return shown

    async def find_sends(self, address: str, campaign: str | None) -> list[int]:
        """Find the newest sends to an address."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("find_sends"), address, campaign)
        return [row["id"] for row in rows]


async def _gauges(connection: Connection, now: datetime) -> Gauges:
    [(due, oldest)] = await connection.fetch(sql.text("count_due"), now)
    waiting = await connection.fetch(sql.text("count_waiting"))
    fleet = await connection.fetch(sql.text("count_fleet"), now)
    checks = await connection.fetch(sql.text("count_checks"))
    return Gauges(
        due=due,
        oldest_due_s=(now - oldest).total_seconds() if oldest else 0.0,
        uncertain=sum(row["n"] for row in waiting if row["state"] == "uncertain"),
        held={row["reason"]: row["n"] for row in waiting if row["state"] == "held"},
        mailboxes=_by_health(fleet, "mailbox"),
        domains=_by_health(fleet, "domain"),
        accounts=_by_health(fleet, "account"),
        domain_checks={(row["check_name"], row["finding"]): row["n"] for row in checks},
    )


async def put_pause(
    connection: Connection,
    kind: Kind,
    id: int,
    reason: str,
    until: datetime | None,
    author: str,
    now: datetime,
) -> None:
    """Stop something, in a transaction that has barred intents."""
    await connection.execute(
        sql.text("put_pause"), kind.value, id, reason, until, author, now
    )
    detail = {"kind": kind.value, "id": id, "reason": reason, "until": until}
    await note(connection, now, author, "pause", detail)
    await connection.execute(sql.text("notify_pause"))


async def find(connection: Connection, kind: Kind, name: str) -> int:
    """Find the id of something in the fleet by its name; UnknownNameError."""
    if kind is Kind.FLEET:
        return 0
    id: int | None = await connection.fetchval(sql.text(f"find_{kind.value}"), name)
    if id is None:
        raise UnknownNameError(f"there is no {kind.value} {name!r} in the fleet")
    return id


async def note(
    connection: Connection,
    now: datetime,
    author: str,
    action: str,
    detail: dict[str, Any],
) -> None:
    """Write down for good who did what."""
    encoded = msgspec.json.encode(detail).decode()
    await connection.execute(sql.text("note"), now, author, action, encoded)


def _instance(row: asyncpg.Record, now: datetime) -> dict[str, Any]:
    """Tell a daemon, and how long ago it was seen: its clock may be ahead of ours."""
    silent_s = max((now - row["seen_at"]).total_seconds(), 0.0)
    return dict(row) | {"seen_s": silent_s}


def _by_health(rows: Sequence[Any], kind: str) -> dict[str, int]:
    counts = {row["state"]: row["n"] for row in rows if row["kind"] == kind}
    return {"well": 0, "resting": 0} | counts if counts else {}
