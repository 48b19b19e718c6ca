"""Remembers what was found out about sending domains, and stops those that are unfit.

A look is written in one transaction: findings, and the pause that follows from them or
its end. The pause is the domain's own row with the author "checks"; a person's pause is
never replaced, and where a person has ended ours, every grace begins anew. Stopping and
letting go first bar intents, as any pause does. Errors: LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from outreachd.rules.domain_check import Standing, resumed, settled, stop_reason
from outreachd.rules.finding import Check, Finding, Found
from outreachd.rules.model import Dkim
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.roster_rows import dkim_of
from outreachd.store.steering import note

AUTHOR = "checks"


@dataclass(frozen=True, slots=True)
class StopRule:
    """Which checks stop a domain, and how long it has to mend them."""

    stops: AbstractSet[Check]
    grace: timedelta


class Turn(Enum):
    """What a look changed for the domain's mail."""

    NONE = 1
    STOPPED = 2
    LET_GO = 3


@dataclass(frozen=True, slots=True)
class Watched:
    """A domain to be looked at: its accounts with their hosts, and what it wishes."""

    id: int
    name: str
    accounts: tuple[tuple[str, str], ...]
    dkim: Dkim | None
    bounces_at: str | None


class PgChecks:
    """Findings and stops in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self,
        domain_id: int,
        found: Mapping[Check, Found],
        rule: StopRule,
        now: datetime,
    ) -> Turn:
        """Write a look; stop the domain or let it go if that follows."""
        async with self._database.connection() as connection:
            async with connection.transaction():
                locked = await connection.fetchval(sql.text("lock_domain"), domain_id)
                if locked is None:  # retired meanwhile
                    return Turn.NONE
                return await _record(connection, domain_id, found, rule, now)

    async def watched(self, domain_id: int | None = None) -> list[Watched]:
        """Read the domains to be looked at, or one of them."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("watched_domains"), domain_id)
        return [
            Watched(
                row["id"],
                row["name"],
                tuple(zip(row["accounts"], row["hosts"], strict=True)),
                dkim_of(row),
                row["bounces_at"],
            )
            for row in rows
        ]

    async def looks(self) -> dict[int, datetime | None]:
        """Tell when each domain was looked at last."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("looks"))
        return {row["id"]: row["at"] for row in rows}


async def _record(
    connection: Connection,
    domain_id: int,
    found: Mapping[Check, Found],
    rule: StopRule,
    now: datetime,
) -> Turn:
    before = await _standings(connection, domain_id)
    stop = await connection.fetchrow(sql.text("stop_of"), domain_id)
    assert stop  # it always has one row
    is_stopped = stop["is_ours"]
    if is_stopped and not stop["is_paused"]:  # a person has let it go
        before, is_stopped = resumed(before, now), False
        await connection.execute(sql.text("drop_stop"), domain_id)
    after = {
        check: settled(before.get(check), one, now) for check, one in found.items()
    }
    await _put(connection, domain_id, after)
    reason = stop_reason(
        after, stops=rule.stops, grace=rule.grace, is_stopped=is_stopped, now=now
    )
    if reason and not is_stopped:
        return await _stop(connection, domain_id, reason, now)
    if is_stopped and not reason:
        return await _let_go(connection, domain_id, now)
    return Turn.NONE


async def _standings(connection: Connection, domain_id: int) -> dict[Check, Standing]:
    rows = await connection.fetch(sql.text("standings"), domain_id)
    return {
        Check(row["check_name"]): Standing(
            Finding(row["finding"]),
            Finding(row["known"]) if row["known"] else None,
            row["detail"],
            row["since"],
            row["at"],
        )
        for row in rows
    }


async def _put(
    connection: Connection, domain_id: int, after: Mapping[Check, Standing]
) -> None:
    await connection.execute(
        sql.text("put_standings"),
        domain_id,
        [check.value for check in after],
        [one.finding.value for one in after.values()],
        [one.known.value if one.known else None for one in after.values()],
        [one.detail for one in after.values()],
        [one.since for one in after.values()],
        [one.at for one in after.values()],
    )


async def _stop(
    connection: Connection, domain_id: int, reason: str, now: datetime
) -> Turn:
    await connection.execute(sql.text("bar_intents"))
    put = sql.text("pause_by_checks")
    if await connection.fetchval(put, domain_id, reason, now) is None:
        return Turn.NONE  # a person has paused it already
    await connection.execute(sql.text("put_stop"), domain_id, now)
    await _tell(connection, "pause", domain_id, reason, now)
    return Turn.STOPPED


async def _let_go(connection: Connection, domain_id: int, now: datetime) -> Turn:
    await connection.execute(sql.text("bar_intents"))
    await connection.execute(sql.text("resume_by_checks"), domain_id)
    await connection.execute(sql.text("drop_stop"), domain_id)
    await _tell(connection, "resume", domain_id, "all is well again", now)
    return Turn.LET_GO


async def _tell(
    connection: Connection, action: str, domain_id: int, reason: str, now: datetime
) -> None:
    detail = {"kind": "domain", "id": domain_id, "reason": reason}
    await note(connection, now, AUTHOR, action, detail)
    await connection.execute(sql.text("notify_pause"))
