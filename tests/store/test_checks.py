"""The laws of remembering checks: who is stopped, who lets go, whose word counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from outreachd.rules.finding import Check, Found, missing, ok, unknown, wrong
from outreachd.rules.model import Kind
from outreachd.store.checks import PgChecks, StopRule, Turn
from outreachd.store.database import Database
from outreachd.store.roster import read_pauses
from outreachd.store.steering import PgSteering
from tests.store.seed import NOW, seed_fleet

RULE = StopRule({Check.SPF}, timedelta(hours=72))
LATER = NOW + timedelta(hours=72)
DOMAIN = "mail.acme.example"


@pytest_asyncio.fixture
async def checks(db: Database) -> PgChecks:
    """Give the checks of a fleet with one domain."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    return PgChecks(db)


async def pauses(db: Database, now: Any = LATER) -> list[tuple[Kind, str]]:
    """Tell what is paused, and why."""
    async with db.connection() as connection:
        return [(one.kind, one.reason) for one in await read_pauses(connection, now)]


async def spf(checks: PgChecks, found: Found, hours: float = 0) -> Turn:
    """Record a look at SPF, so many hours after the first."""
    now = NOW + timedelta(hours=hours)
    return await checks.record(1, {Check.SPF: found}, RULE, now)


async def test_a_domain_unfit_for_long_is_stopped_and_let_go(
    db: Database, checks: PgChecks
) -> None:
    """A pause by "checks" with the reason; mended, it goes by itself."""
    assert await spf(checks, wrong("no ip4")) is Turn.NONE
    assert await spf(checks, wrong("no ip4"), 71) is Turn.NONE
    assert await pauses(db) == []
    assert await spf(checks, wrong("no ip4"), 72) is Turn.STOPPED
    assert await pauses(db) == [(Kind.DOMAIN, "spf: no ip4")]
    assert await spf(checks, wrong("no ip4"), 78) is Turn.NONE
    status = await PgSteering(db).status(LATER)
    assert [(p["name"], p["author"]) for p in status["pauses"]] == [(DOMAIN, "checks")]
    assert await spf(checks, ok("fine"), 84) is Turn.LET_GO
    assert await pauses(db) == []


async def test_a_dead_dns_stops_nothing_and_frees_nothing(
    db: Database, checks: PgChecks
) -> None:
    """Unknown for a year is no reason; and what was stopped waits for a sure word."""
    for day in range(0, 365, 30):
        assert await spf(checks, unknown("dead"), 24 * day) is Turn.NONE
    await spf(checks, wrong("w"), 24 * 400)
    assert await spf(checks, wrong("w"), 24 * 404) is Turn.STOPPED
    assert await spf(checks, unknown("dead"), 24 * 405) is Turn.NONE
    assert await pauses(db, NOW + timedelta(days=405)) == [(Kind.DOMAIN, "spf: w")]


async def test_a_persons_pause_is_never_replaced_nor_ended(
    db: Database, checks: PgChecks
) -> None:
    """Who paused it has a reason; ours comes when theirs is over."""
    steering = PgSteering(db)
    await steering.pause(Kind.DOMAIN, DOMAIN, "by hand", None, "ann", NOW)
    await spf(checks, wrong("w"))
    assert await spf(checks, wrong("w"), 72) is Turn.NONE
    assert await pauses(db) == [(Kind.DOMAIN, "by hand")]
    assert await spf(checks, ok("o"), 73) is Turn.NONE
    assert await pauses(db) == [(Kind.DOMAIN, "by hand")]
    await spf(checks, wrong("w"), 74)
    await steering.resume(Kind.DOMAIN, DOMAIN, "ann", NOW + timedelta(hours=75))
    assert await spf(checks, wrong("w"), 146) is Turn.STOPPED


async def test_a_person_who_resumes_gives_a_new_grace(
    db: Database, checks: PgChecks
) -> None:
    """Our pause does not come back at the next look."""
    await spf(checks, wrong("w"))
    await spf(checks, wrong("w"), 72)
    await PgSteering(db).resume(Kind.DOMAIN, DOMAIN, "ann", LATER)
    assert await spf(checks, wrong("w"), 78) is Turn.NONE
    assert await spf(checks, wrong("w"), 144) is Turn.NONE
    assert await pauses(db) == []
    assert await spf(checks, wrong("w"), 151) is Turn.STOPPED


async def test_what_was_found_is_counted_and_listed(
    db: Database, checks: PgChecks
) -> None:
    """Dashboards see counts, people what is to be mended, the oldest first."""
    found = {Check.SPF: missing("m"), Check.MX: ok("o"), Check.DKIM: unknown("u")}
    await checks.record(1, found, RULE, NOW)
    await checks.record(1, {Check.DMARC: wrong("w")}, RULE, LATER)
    steering = PgSteering(db)
    assert (await steering.gauges(LATER)).domain_checks == {
        ("spf", "missing"): 1,
        ("mx", "ok"): 1,
        ("dkim", "unknown"): 1,
        ("dmarc", "wrong"): 1,
    }
    rows = (await steering.status(LATER))["checks"]
    assert [(r["domain"], r["check"], r["detail"]) for r in rows] == [
        (DOMAIN, "spf", "m"),
        (DOMAIN, "dmarc", "w"),
    ]
    assert await checks.looks() == {1: NOW}


async def test_the_schema_knows_what_cannot_be(db: Database, checks: PgChecks) -> None:
    """A finding that is not what is known, and two keys under one selector."""
    put = "INSERT INTO domain_check VALUES (1, 'spf', $1, $2, '', now(), now())"
    key = (
        "INSERT INTO dkim_key (domain_id, selector, kind, public, made_at)"
        " VALUES (1, 'o1', $1, '', now())"
    )
    async with db.connection() as connection:
        for finding, known in (("ok", "wrong"), ("wrong", None), ("bad", "bad")):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(put, finding, known)
        await connection.execute(put, "unknown", None)
        await connection.execute(key, "rsa")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(key, "ed25519")


async def test_a_retired_domain_is_left_alone(db: Database, checks: PgChecks) -> None:
    """A look that ends after its domain went writes nothing."""
    async with db.connection() as connection:
        await connection.execute("UPDATE domain SET retired = true")
    assert await spf(checks, wrong("w")) is Turn.NONE
    assert (await PgSteering(db).gauges(LATER)).domain_checks == {}
    assert await checks.looks() == {}
