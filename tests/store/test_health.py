"""The laws of counting what came back, and of deciding by it, in the database."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from outreachd.clock import VirtualClock
from outreachd.flow.controller import Controller
from outreachd.flow.refusals import Refusals
from outreachd.helm import load_pool
from outreachd.rules.health import Counts, Health, Mode
from outreachd.rules.health_rules import RULES
from outreachd.rules.model import Kind
from outreachd.rules.recovery import STAGES, Standing
from outreachd.rules.refusal import Refused
from outreachd.rules.roll import roll
from outreachd.rules.watch import Decision
from outreachd.store.database import Database
from outreachd.store.health import PgHealth
from outreachd.store.steering import NoSuchError, PgSteering
from tests.store.locks import wait_for_lock
from tests.store.seed import NOW, add_send

LATER = NOW + timedelta(hours=1)
WEEK = [24, 168]
DOMAIN = (Kind.DOMAIN, 1)


async def sent(
    db: Database, n: int, *, at: datetime = NOW, **attempt: Any
) -> list[int]:
    """Write that some letters went out, each to another person."""
    outcome, reason = attempt.get("outcome", "sent"), attempt.get("reason", "delivered")
    ids = []
    async with db.connection() as connection:
        before = await connection.fetchval("SELECT count(*) FROM attempt")
        for i in range(before + 1, before + 1 + n):
            id = await add_send(
                connection,
                f"p{i}@x.example",
                state="sent" if outcome == "sent" else "failed",
                mailbox_id=1,
                attempt_id=UUID(int=i),
                message_id=f"<{i}@mail.acme.example>",
                dated_at=at,
                letter_sha256=b"",
                reason=reason,
            )
            await connection.execute(
                "INSERT INTO attempt (id, send_id, mailbox_id, account_id, domain_id,"
                " started_at, outcome, reason) VALUES ($1, $2, 1, 1, 1, $3, $4, $5)",
                UUID(int=i),
                id,
                at,
                outcome,
                reason,
            )
            ids.append(id)
    return ids


async def came_back(db: Database, send_id: int, name: str, **told: str) -> None:
    """Write that a bounce or a complaint was acted on."""
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO notice (fingerprint, at, source, kind, class, send_id,"
            " evidence, action, acted_at)"
            " VALUES ($1, $2, 'imap', 'dsn', $3, $4, 'token', $5, $2)",
            name.encode(),
            LATER,
            told.get("class_", "hard_no_user"),
            send_id,
            told.get("action", "suppressed"),
        )


async def counted(db: Database, now: datetime = LATER) -> Counts:
    """Count what is new and add the week up."""
    book = PgHealth(db)
    await book.tally(now)
    total = Counts()
    for row in await book.windows(now, WEEK):
        total += row.counts
    return total


async def test_who_began_anew_is_counted_from_then_on(
    db: Database, fleet: None
) -> None:
    """Old letters count for others, not for them."""
    await sent(db, 3)
    await sent(db, 2, at=NOW + timedelta(minutes=50))
    book = PgHealth(db)
    await book.tally(LATER)
    fresh = NOW + timedelta(minutes=31)
    standing = Standing(health=Health.TIRED, since=fresh, stage=1, fresh_since=fresh)
    await book.write({DOMAIN: standing}, [], LATER)
    [one] = (await book.fresh(LATER, WEEK))[DOMAIN]
    assert (one.hours, one.since_stage, one.counts.sent) == (24, 2, 2)


def fallen(mode: Mode = Mode.ENFORCE) -> tuple[Standing, Decision]:
    """Let the domain fall ill, or have a rule say that it should."""
    well = Standing(since=NOW)
    until = NOW + timedelta(days=1)
    ill = Standing(health=Health.RESTING, since=NOW, until=until, fell_at=NOW, rule="r")
    after = ill if mode is Mode.ENFORCE else well
    return ill, Decision(
        kind=Kind.DOMAIN,
        id=1,
        before=well,
        after=after,
        brings=Health.RESTING,
        rule="r",
        mode=mode,
    )


async def pauses(db: Database) -> list[tuple[Any, ...]]:
    """List who is paused, by whom, until when."""
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT kind, author, until FROM pause")
    return [tuple(row) for row in rows]


async def test_a_rest_is_a_pause_that_every_daemon_honours(
    db: Database, fleet: None
) -> None:
    """Standing, decision and pause are there at once, and a resume shows."""
    book = PgHealth(db)
    ill, decision = fallen()
    assert await book.write({DOMAIN: ill}, [decision], NOW) == [decision]
    assert await pauses(db) == [("domain", "health", ill.until)]
    assert (await book.standings())[DOMAIN].standing == ill
    await PgSteering(db).resume(Kind.DOMAIN, "mail.acme.example", "ann", LATER)
    assert not (await book.standings())[DOMAIN].is_paused
    [row] = await book.decisions(NOW, "mail.acme.example")
    assert (row["before"], row["after"], row["until"]) == ("well", "resting", ill.until)


async def test_a_persons_pause_is_never_replaced(db: Database, fleet: None) -> None:
    """Theirs holds, with their reason and their end."""
    steering = PgSteering(db)
    await steering.pause(Kind.DOMAIN, "mail.acme.example", "mine", None, "ann", NOW)
    ill, decision = fallen()
    await PgHealth(db).write({DOMAIN: ill}, [decision], NOW)
    assert await pauses(db) == [("domain", "ann", None)]


async def test_a_rest_outlasts_a_shorter_pause_of_a_person(
    db: Database, fleet: None
) -> None:
    """Theirs ends tonight, the rest tomorrow: ours takes over."""
    steering, book = PgSteering(db), PgHealth(db)
    soon = NOW + timedelta(hours=2)
    await steering.pause(Kind.DOMAIN, "mail.acme.example", "mine", soon, "ann", NOW)
    ill, decision = fallen()
    await book.write({DOMAIN: ill}, [decision], NOW)
    await book.tally(LATER)
    assert await pauses(db) == [("domain", "ann", soon)]
    await book.tally(soon)
    assert await pauses(db) == [("domain", "health", ill.until)]


async def test_a_suggestion_waits_for_a_yes_and_is_made_once_a_day(
    db: Database, fleet: None
) -> None:
    """Nothing is paused before; accepting it twice is refused."""
    book = PgHealth(db)
    _, decision = fallen(Mode.SUGGEST)
    assert await book.write({}, [decision], NOW) == [decision]
    assert await book.write({}, [decision], LATER) == []
    assert await pauses(db) == []
    [row] = await book.decisions(NOW)
    done = await book.accept(row["id"], "ann", LATER)
    assert (done.brings, done.author) == (Health.RESTING, "ann")
    assert [(kind, author) for kind, author, _ in await pauses(db)] == [
        ("domain", "health")
    ]
    with pytest.raises(NoSuchError, match="no open suggestion"):
        await book.accept(row["id"], "ann", LATER)


async def test_the_fleet_is_counted_by_health(db: Database, fleet: None) -> None:
    """Gauges show the standings; who is only paused rests."""
    ill, decision = fallen()
    await PgHealth(db).write({DOMAIN: ill}, [decision], NOW)
    steering = PgSteering(db)
    await steering.pause(Kind.MAILBOX, "box1@mail.acme.example", "x", None, "a", NOW)
    gauges = await steering.gauges(NOW)
    assert gauges.domains == {"well": 0, "resting": 1}
    assert gauges.mailboxes == {"well": 2, "resting": 1}


async def test_a_fire_in_the_ledger_rests_its_domain(db: Database, fleet: None) -> None:
    """From attempts and bounces to the pause, the share and back, on real tables."""
    ids = await sent(db, 60, at=LATER)
    for id in ids[:12]:
        await came_back(db, id, f"b{id}")
    clock = VirtualClock(LATER + timedelta(minutes=20))
    pool = await load_pool(db, clock)
    controller = Controller(PgHealth(db), RULES)
    assert await controller.look(pool, clock.now(), 0.0)
    assert ("domain", "health") in [pause[:2] for pause in await pauses(db)]
    day = pool.domains[1].standing.day
    assert day is not None
    assert day.share == STAGES[0]
    again = await load_pool(db, clock)  # a restart grants nothing
    assert again.domains[1].standing.day is not None
    assert again.domains[1].standing.day.share == STAGES[0]
    for kind, name in (
        (Kind.DOMAIN, "mail.acme.example"),
        (Kind.MAILBOX, "box1@mail.acme.example"),
    ):
        await PgSteering(db).resume(kind, name, "ann", clock.now())
    now = clock.now() + timedelta(minutes=2)
    await controller.look(pool, now, 0.0)
    assert day.share == 1.0
    assert not await controller.look(pool, now + timedelta(minutes=1), 0.0)
    assert (await PgHealth(db).standings())[DOMAIN].standing.health is Health.WELL


async def test_a_yes_to_who_rests_already_is_refused(db: Database, fleet: None) -> None:
    """It would count as a relapse."""
    book = PgHealth(db)
    ill, decision = fallen()
    _, suggested = fallen(Mode.SUGGEST)
    await book.write({DOMAIN: ill}, [decision, suggested], NOW)
    id = (await book.decisions(NOW))[0]["id"]
    with pytest.raises(NoSuchError, match="is resting already"):
        await book.accept(id, "ann", LATER)


async def test_a_domain_that_receivers_defer_rests(db: Database, fleet: None) -> None:
    """Refused at RCPT for its reputation: not one letter went, and it shows."""
    await sent(db, 45, at=LATER)
    clock = VirtualClock(LATER + timedelta(minutes=20))
    pool = await load_pool(db, clock)
    controller, refusals = Controller(PgHealth(db), RULES), Refusals()
    quarter = datetime(2026, 3, 2, 10, tzinfo=LATER.tzinfo)
    for _ in range(15):
        refusals.note(
            Refused(
                quarter=quarter,
                mailbox_id=1,
                account_id=1,
                client_id=1,
                domain="x.example",
                reason="block_reputation",
            )
        )
    await controller.hear(refusals)
    assert await controller.look(pool, clock.now(), 0.0)
    decided = await PgHealth(db).decisions(NOW, "mail.acme.example")
    assert [one["rule"] for one in decided] == ["domain_blocked_day"]


async def test_the_budget_of_a_domain_is_the_one_of_health(
    db: Database, fleet: None
) -> None:
    """Asked alone or with all, it says what the list of everybody says."""
    ids = await sent(db, 100, at=LATER)
    for id in ids[:5]:
        await came_back(db, id, f"b{id}")
    book, now = PgHealth(db), LATER + timedelta(minutes=5)
    await book.tally(now)
    hours = sorted({rule.window_h for rule in RULES})
    everybody = roll(await book.members(), await book.book(hours, now), RULES, now)
    expected = [line for line in everybody if line.kind is Kind.DOMAIN]
    assert await book.budgets(RULES, now) == expected
    assert await book.budgets(RULES, now, 1) == expected
    assert [line.budget for line in expected] == [2]
    assert await book.budgets(RULES, now, 9) == []
    assert await book.budgets((), now) == []
    standing = Standing(health=Health.WELL, since=now, fresh_since=now)
    await book.write({DOMAIN: standing}, [], now)
    [line] = await book.budgets(RULES, now)
    assert (line.sent, line.budget) == (0, None)


async def test_letters_wait_for_the_pauses_of_many_who_fall_ill_alone(
    db: Database,
) -> None:
    """What else is written of them comes before intents are barred."""
    ill = Standing(since=NOW, health=Health.RESTING, rule="blocks")
    many = {(Kind.MAILBOX, id): ill for id in range(1, 4)}
    decisions = [
        Decision(
            kind=kind,
            id=id,
            before=Standing(since=NOW),
            after=ill,
            brings=Health.RESTING,
            rule="blocks",
        )
        for kind, id in many
    ]
    async with db.connection() as holder, db.connection() as sender:
        async with holder.transaction():
            await holder.execute("LOCK TABLE health_decision")
            writing = asyncio.create_task(PgHealth(db).write(many, decisions, NOW))
            await wait_for_lock(db)
            async with sender.transaction():
                await sender.execute("SELECT FROM lease FOR SHARE NOWAIT")
        assert await writing == decisions
        paused = await sender.fetch("SELECT kind, author FROM pause")
        gates = await sender.fetchval("SELECT gates FROM lease")
    assert ([tuple(row) for row in paused], gates) == ([("mailbox", "health")] * 3, 1)
