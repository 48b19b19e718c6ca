"""Remembers how everybody stands, and what was decided about them.

A decision, the standing and the pause that follows from it are one transaction, which
first bars intents: when it is committed, no intent is under way that has not seen it. A
person's pause is never replaced. Errors: NoSuchError for a suggestion nobody made;
LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from outreachd.rules.cases import Book, Key, Stood, nested
from outreachd.rules.health import Health, Mode, Rule
from outreachd.rules.model import Kind
from outreachd.rules.recovery import Standing, accepted
from outreachd.rules.roll import Line, Member, ill_first, line
from outreachd.rules.watch import ILL, NOTED_AGAIN, Case, Decision, Figures, why
from outreachd.store import sql
from outreachd.store.database import Connection
from outreachd.store.steering import NoSuchError
from outreachd.store.tallies import PgTallies


class PgHealth(PgTallies):
    """Standings and decisions in PostgreSQL, beside what they rest on."""

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

    async def budgets(
        self, rules: Sequence[Rule], now: datetime, domain_id: int | None = None
    ) -> list[Line]:
        """Tell how domains, or one, stand and what is left; nothing without rules."""
        if not rules:
            return []
        hours = sorted({rule.window_h for rule in rules})
        counts = await self.of_domains(now, hours, domain_id)
        async with self._database.connection() as connection:
            names = await connection.fetch(sql.text("domain_names"), domain_id)
            stood = await read_standings(connection)
        lines = []
        for id, name in names:
            known = stood.get((Kind.DOMAIN, id))
            case = Case(
                kind=Kind.DOMAIN,
                id=id,
                standing=known.standing if known else Standing(since=now),
                counts=nested(counts.get(id, {}), hours),
                parent={},
                fleet={},
            )
            lines.append(line(case, name, rules, was_ill=known is not None))
        return ill_first(lines)

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
                if before.health in ILL:
                    raise NoSuchError(f"{row['name']} is {before.health} already")
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
    rows = [(kind.value, id, *_row(one)) for (kind, id), one in standings.items()]
    await connection.executemany(sql.text("put_health"), rows)
    news = [one for one in decisions if not await _was_noted(connection, one, now)]
    for decision in news:
        await _put(connection, decision, now)
    if enforced := [one for one in news if one.mode is Mode.ENFORCE]:
        await _carry_out(connection, enforced, now)
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
    if one.mode is Mode.ENFORCE and _ends_rest(one) and one.after.health is Health.WELL:
        # A person already took our pause away, and undid the rest.
        await connection.execute(sql.text("undo_decision"), *who, now)
    await connection.execute(
        sql.text("put_decision"), now, *who, *values, figures, until, one.author
    )


async def _carry_out(
    connection: Connection, decisions: Sequence[Decision], now: datetime
) -> None:
    """Put and take away our pauses.

    Last, all of a kind at once: intents wait meanwhile, and a fire may be a thousand.
    """
    if any(ILL & {one.before.health, one.after.health} for one in decisions):
        await connection.execute(sql.text("bar_intents"))
    over = [one for one in decisions if _ends_rest(one)]
    await connection.executemany(
        sql.text("resume_by_health"),
        [(o.kind.value, o.id) for o in over if o.after.health is not Health.WELL],
    )
    ill = [
        (one.kind.value, one.id, why(one.rule, one.figures), one.after.until, now)
        for one in decisions
        if one.after.health in ILL
    ]
    await connection.executemany(sql.text("pause_by_health"), ill)
    told = [{"kind": one[0], "id": one[1], "reason": one[2]} for one in ill]
    notes = [(now, "health", "pause", msgspec.json.encode(t).decode()) for t in told]
    await connection.executemany(sql.text("note"), notes)
    await connection.execute(sql.text("notify_pause"))


def _ends_rest(one: Decision) -> bool:
    return one.before.health in ILL and not one.rule


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
