"""The laws of reading the fleet and its recent past."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from outreachd.flow.pool import Pool
from outreachd.rules.model import Kind, Pause
from outreachd.rules.records import Queue, Recent, Want
from outreachd.store.database import Database
from outreachd.store.roster import (
    RosterError,
    read_facts,
    read_pauses,
    read_roster,
    read_secrets,
)
from outreachd.store.steering import PgSteering
from tests.store.seed import NOW, add_send, intent, outcome, owner_of, seed_fleet

MINUTE = timedelta(minutes=1)


async def test_what_is_retired_is_left_out(db: Database) -> None:
    """It is history, not fleet."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute("UPDATE mailbox SET retired = true WHERE id = 2")
        await connection.execute("UPDATE campaign SET retired = true WHERE id = 2")
        roster = await read_roster(connection)
    assert (set(roster.mailboxes), set(roster.campaigns)) == ({1, 3}, {1})


@pytest.mark.parametrize("table", ["client", "account", "domain", "mailbox"])
async def test_a_zone_nobody_knows_stops_the_start(db: Database, table: str) -> None:
    """70: no silent UTC: the error names the zone and the way out."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(f"UPDATE {table} SET timezone = 'Mars/Olympus'")  # noqa: S608
        with pytest.raises(RosterError, match=r"Mars/Olympus.*apply it anew"):
            await read_roster(connection)


async def test_facts_are_what_the_ledger_saw(db: Database) -> None:
    """Promise 4: use by local day, whole days of sending, the last hour."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        for i in range(3):
            await add_send(connection, f"p{i}@x.example")
    ledger, term, _ = await owner_of(db)
    rows = await ledger.claim([Want(Queue(1, ""), 3)], term=term, now=NOW)
    times = [NOW - 120 * MINUTE, NOW - 10 * MINUTE, NOW - MINUTE]
    made = [intent(claim, at=at) for (_, claim), at in zip(rows, times, strict=True)]
    await ledger.begin(made, term=term)
    ended = [outcome(one, at=one.at + MINUTE / 2) for one in made[:2]]
    await ledger.record(ended)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO usage VALUES ('mailbox', 1, $1, 20, 40),"
            " ('mailbox', 1, $1 + 1, 19, 40)",
            date(2026, 2, 1),
        )
        facts = await read_facts(connection, NOW)
    today = NOW.date()
    assert facts.used == {
        (kind, 1, today): 3 for kind in Kind if kind is not Kind.FLEET
    }
    assert facts.days_sent == {(Kind.MAILBOX, 1): 1}
    # The last one has no end yet: it counts as ending now.
    assert sorted(facts.recent, key=lambda recent: recent.at)[-2:] == [
        Recent(1, 1, NOW - 10 * MINUTE + MINUTE / 2),
        Recent(1, 1, NOW),
    ]


@pytest.mark.parametrize(
    "slow",
    [
        "UPDATE mailbox SET min_gap_s = 7200, jitter = 0.5",
        "UPDATE domain SET rate_per_minute = 0.005",
        "UPDATE account SET rate_per_second = 0.0001",
    ],
)
async def test_facts_reach_as_far_back_as_the_slowest_limit(
    db: Database, slow: str
) -> None:
    """Promise 4: who waits for three hours between letters does so across a restart."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "p@x.example")
        await connection.execute(slow)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(Queue(1, ""), 1)], term=term, now=NOW)
    made = intent(claim, at=NOW - 150 * MINUTE)
    await ledger.begin([made], term=term)
    async with db.connection() as connection:
        unended = await read_facts(connection, NOW)
        await ledger.record([outcome(made, at=NOW - 149 * MINUTE)])
        ended = await read_facts(connection, NOW)
        roster = await read_roster(connection)
    assert unended.recent == [Recent(1, 1, NOW - 120 * MINUTE)]
    assert ended.recent == [Recent(1, 1, NOW - 149 * MINUTE)]
    pool = Pool(roster, ended, lambda: 0.0, now=NOW, mono=0.0)
    assert pool.wait_s(pool.lanes[1], roster.campaigns[1], NOW, 0.0) > 15 * 60


async def test_a_ramp_steps_back_after_a_rest_and_holds_while_tired(
    db: Database,
) -> None:
    """Ten full days, three of rest, two tired ones and one that is well: eight."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "UPDATE mailbox SET ramp_start = 1, ramp_end = 9, ramp_days = 21"
        )
        await connection.execute(
            "INSERT INTO usage SELECT 'mailbox', 1, $1::date - i, 20, 40"
            " FROM unnest(ARRAY[1,2,3]) i UNION ALL"
            " SELECT 'mailbox', 1, $1::date - i, 20, 40 FROM generate_series(7, 16) i",
            NOW.date(),
        )
        day = timedelta(days=1)
        for at, state in (
            (NOW - 6 * day, "resting"),
            (NOW - 3 * day, "tired"),
            (NOW - 2 * day + 9 * MINUTE, "well"),
        ):
            await connection.execute(
                "INSERT INTO health_decision (at, kind, target_id, before, after, rule,"
                " mode, figures, author) VALUES"
                " ($1, 'mailbox', 1, '', $2, '', 'enforce', 'null', 'outreachd')",
                at,
                state,
            )
        facts = await read_facts(connection, NOW)
    assert facts.days_sent == {(Kind.MAILBOX, 1): 10 - 3 + 1}


async def test_a_long_attempt_counts_from_its_end(db: Database) -> None:
    """Begun more than an hour ago and ended less than one ago: its hour is not over."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "p@x.example")
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(Queue(1, ""), 1)], term=term, now=NOW)
    made = intent(claim, at=NOW - 70 * MINUTE)
    await ledger.begin([made], term=term)
    await ledger.record([outcome(made, at=NOW - 50 * MINUTE)])
    async with db.connection() as connection:
        facts = await read_facts(connection, NOW)
    assert list(facts.recent) == [Recent(1, 1, NOW - 50 * MINUTE)]


async def test_pauses_that_hold_now_are_read(db: Database) -> None:
    """One that is over is not."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    store = PgSteering(db)
    await store.pause(Kind.CLIENT, "acme", "x", None, "ann", NOW)
    await store.pause(Kind.ACCOUNT, "relay", "x", NOW, "ann", NOW - MINUTE)
    async with db.connection() as connection:
        pauses = await read_pauses(connection, NOW)
    assert pauses == [Pause(kind=Kind.CLIENT, target_id=1, reason="x", until=None)]


async def test_secrets_are_read_sealed(db: Database) -> None:
    """By kind and id, as ciphertext."""
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO secret VALUES ('account', 1, $1)", uuid4().bytes
        )
        secrets = await read_secrets(connection)
    assert list(secrets) == [("account", 1)]


async def test_of_years_of_use_only_the_end_is_read(db: Database) -> None:
    """A large fleet's history is no longer to read than its ramps are."""
    async with db.connection() as connection:
        await seed_fleet(connection, mailboxes=2)
        await connection.execute(
            "UPDATE mailbox SET ramp_start = 1, ramp_end = 40, ramp_days = 20"
            " WHERE id = 1"
        )
        await connection.execute(
            "INSERT INTO usage SELECT 'mailbox', box, $1::date - day, 40, 40"
            " FROM generate_series(1, 2) box, generate_series(1, 500) day",
            NOW.date(),
        )
        facts = await read_facts(connection, NOW)
    assert facts.days_sent == {(Kind.MAILBOX, 1): 60, (Kind.MAILBOX, 2): 180}
