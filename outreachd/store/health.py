"""Remembers what came back for whom, how everybody stands, and what was decided.

Counting is done again without harm: replies are counted anew while they may change,
notices are marked in the statement that adds them. A decision, the standing and the
pause that follows from it are one transaction, which first bars intents: when it is
committed, no intent is under way that has not seen it. A person's pause is never
replaced. Errors: NoSuchError for a suggestion nobody made; LedgerAwayError.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from outreachd.rules.cases import Book, Fresh, Key, Row, Stood, Tally
from outreachd.rules.health import Counts, Health, Mode
from outreachd.rules.model import Kind
from outreachd.rules.outage import LETTERS
from outreachd.rules.recovery import Standing, accepted
from outreachd.rules.roll import Member
from outreachd.rules.watch import ILL, NOTED_AGAIN, Decision, Figures, why
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.steering import NoSuchError, note

# An attempt ends within this time of its beginning.
STILL_CHANGING = timedelta(hours=1)
NOTICES_AT_ONCE = 5000


class PgHealth:
    """Tallies, standings and decisions in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- counting -------------------------------------------------------------------

    async def tally(self, now: datetime) -> bool:
        """Count what is new; tell whether anything was."""
        async with self._database.connection() as connection:
            async with connection.transaction():
                mark = await connection.fetchval(sql.text("tally_mark"))
                since = _quarter(mark - STILL_CHANGING) if _is_finite(mark) else mark
                told = [
                    await connection.execute(sql.text("tally_replies"), since),
                    await connection.execute(
                        sql.text("tally_notices"), NOTICES_AT_ONCE
                    ),
                ]
                await connection.execute(sql.text("set_tally_mark"), now)
                if await connection.fetchval(sql.text("renew_rests"), now):
                    await connection.execute(sql.text("notify_pause"))
        return any(not one.endswith(" 0") for one in told)

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
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("windows"), now, hours)
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

    async def fresh(
        self, now: datetime, hours: Sequence[int]
    ) -> dict[Key, list[Fresh]]:
        """Tell the counts of those who began anew, since they did."""
        found: dict[Key, list[Fresh]] = defaultdict(list)
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("fresh_windows"), now, hours)
        for row in rows:
            one = Fresh(row["hours"], row["since_stage"] or 0, _counts(row))
            found[Kind(row["kind"]), row["target_id"]].append(one)
        return found

    async def deaf(self, now: datetime) -> frozenset[int]:
        """Name the mailboxes whose mail cannot be read."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("deaf_mailboxes"), now)
        return frozenset(row["target_id"] for row in rows)

    # --- looking --------------------------------------------------------------------

    async def book(self, windows_h: Sequence[int], now: datetime) -> Book:
        """Read all that the watch is told."""
        return Book(
            windows_h=windows_h,
            rows=await self.windows(now, windows_h),
            fresh=await self.fresh(now, windows_h),
            stood=await self.standings(),
            deaf=await self.deaf(now),
        )

    async def members(self) -> list[Member]:
        """List everybody who can fall ill."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("health_names"))
        return [
            Member(Kind(row["kind"]), row["id"], row["name"], row["domain_id"])
            for row in rows
        ]

    async def decisions(
        self, since: datetime, name: str | None = None, at_most: int = 1000
    ) -> list[dict[str, Any]]:
        """List decisions, the newest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                sql.text("health_decisions"), since, name, at_most
            )
        return [
            {
                **dict(row),
                "figures": msgspec.json.decode(row["figures"]),
                "sentence": why(
                    row["rule"],
                    msgspec.json.decode(row["figures"], type=Figures | None),
                ),
            }
            for row in rows
        ]

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

    # --- standing and deciding ------------------------------------------------------

    async def standings(self) -> dict[Key, Stood]:
        """Tell how everybody stands who was ever ill."""
        async with self._database.connection() as connection:
            return await read_standings(connection)

    async def write(
        self,
        standings: Mapping[Key, Standing],
        decisions: Sequence[Decision],
        now: datetime,
    ) -> list[Decision]:
        """Write changes; tell the decisions that are news."""
        async with self._database.connection() as connection:
            async with connection.transaction():
                return await _write(connection, standings, decisions, now)

    async def accept(self, id: int, author: str, now: datetime) -> Decision:
        """Do what a rule suggested."""
        async with self._database.connection() as connection:
            async with connection.transaction():
                row = await connection.fetchrow(sql.text("suggestion"), id)
                if row is None or row["mode"] == Mode.ENFORCE or row["accepted_at"]:
                    raise NoSuchError(f"there is no open suggestion {id}")
                kind, target = Kind(row["kind"]), row["target_id"]
                stood = (await read_standings(connection)).get((kind, target))
                before = stood.standing if stood else Standing(since=now)
                brings = Health(row["after"])
                after = accepted(before, brings, row["rule"], now)
                decision = Decision(
                    kind=kind,
                    id=target,
                    before=before,
                    after=after,
                    brings=after.health,
                    rule=row["rule"],
                    author=author,
                )
                await connection.execute(sql.text("accept_decision"), id, now)
                await _write(connection, {(kind, target): after}, [decision], now)
                return decision


async def read_standings(connection: Connection) -> dict[Key, Stood]:
    """Read how everybody stands who was ever ill."""
    rows = await connection.fetch(sql.text("health_standings"))
    return {
        (Kind(row["kind"]), row["target_id"]): Stood(_standing(row), row["is_paused"])
        for row in rows
    }


async def _write(
    connection: Connection,
    standings: Mapping[Key, Standing],
    decisions: Sequence[Decision],
    now: datetime,
) -> list[Decision]:
    await connection.execute(sql.text("tally_mark"))  # one writer at a time
    if any(one.after.health in ILL or one.before.health in ILL for one in decisions):
        await connection.execute(sql.text("bar_intents"))
    for (kind, id), standing in standings.items():
        await connection.execute(
            sql.text("put_health"), kind.value, id, *_row(standing)
        )
    news = [one for one in decisions if not await _was_noted(connection, one, now)]
    for decision in news:
        await _put(connection, decision, now)
    if any(one.mode is Mode.ENFORCE for one in news):
        await connection.execute(sql.text("notify_pause"))
    return news


async def _was_noted(connection: Connection, one: Decision, now: datetime) -> bool:
    if one.mode is Mode.ENFORCE:
        return False
    since = now - NOTED_AGAIN
    return bool(
        await connection.fetchval(
            sql.text("was_noted"), one.kind.value, one.id, one.rule, since
        )
    )


async def _put(connection: Connection, one: Decision, now: datetime) -> None:
    figures = msgspec.json.encode(one.figures).decode()
    values = [one.before.health.value, one.brings.value, one.rule, one.mode.value]
    until = one.after.until if one.mode is Mode.ENFORCE else None
    who = (one.kind.value, one.id)
    if one.mode is Mode.ENFORCE and one.before.health in ILL and not one.rule:
        await _end_rest(connection, one, now)
    await connection.execute(
        sql.text("put_decision"), now, *who, *values, figures, until, one.author
    )
    if one.mode is Mode.ENFORCE and one.after.health in ILL:
        reason = why(one.rule, one.figures)
        put = sql.text("pause_by_health")
        await connection.execute(put, *who, reason, one.after.until, now)
        detail = {"kind": one.kind.value, "id": one.id, "reason": reason}
        await note(connection, now, "health", "pause", detail)


async def _end_rest(connection: Connection, one: Decision, now: datetime) -> None:
    """Take our pause away, if time has; a person already has, and undid the rest."""
    who = (one.kind.value, one.id)
    if one.after.health is Health.WELL:
        await connection.execute(sql.text("undo_decision"), *who, now)
    else:
        await connection.execute(sql.text("resume_by_health"), *who)


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(
        health=Health(row["state"]),
        since=row["since"],
        until=row["until"],
        stage=row["stage"],
        relapses=row["relapses"],
        fell_at=row["fell_at"],
        rule=row["rule"],
        fresh_since=row["fresh_since"],
    )


def _row(one: Standing) -> tuple[Any, ...]:
    health, dates = one.health.value, (one.since, one.until)
    return (
        health, *dates, one.stage, one.relapses, one.fell_at, one.rule, one.fresh_since,
    )  # fmt: skip


def _counts(row: asyncpg.Record) -> Counts:
    return Counts(row["sent"], row["hard"], row["block"], row["soft"], row["complaint"])


def _quarter(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def _is_finite(at: datetime) -> bool:
    return at.year > 1
