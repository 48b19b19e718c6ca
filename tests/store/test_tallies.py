"""The laws of counting what came back, at the real tables."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from outreachd.rules.health import Counts
from outreachd.rules.model import Kind
from outreachd.rules.refusal import Refused
from outreachd.store.database import Database
from outreachd.store.tallies import PgTallies
from tests.store.seed import NOW, add_send, seed_fleet
from tests.store.test_health import LATER, came_back, counted, sent


async def test_letters_and_what_came_back_are_counted_once(
    db: Database, fleet: None
) -> None:
    """However often it is counted; a second bounce of a letter counts no more."""
    ids = await sent(db, 5)
    await sent(db, 2, outcome="failed", reason="hard_no_user")
    await came_back(db, ids[0], "one")
    expected = Counts(sent=7, hard=3)
    assert await counted(db) == expected
    assert await counted(db) == expected
    await came_back(db, ids[0], "the same again")
    await came_back(db, ids[0], "late", action="delayed")
    assert await counted(db) == expected
    await came_back(db, ids[1], "a complaint", class_="complaint", action="complained")
    assert await counted(db) == Counts(sent=7, hard=3, complaint=1)


async def test_a_refusal_before_the_intent_counts_too(
    db: Database, fleet: None
) -> None:
    """RCPT was refused for good: there is no attempt, but a letter that failed."""
    async with db.connection() as connection:
        await add_send(
            connection,
            "q@x.example",
            state="failed",
            mailbox_id=1,
            reason="hard_no_user",
        )
    assert await counted(db) == Counts(sent=1, hard=1)


async def test_what_is_refused_before_data_counts_as_blocked(
    db: Database, fleet: None
) -> None:
    """Added up by who runs the mail; a reason that blocks nobody counts for nothing."""
    book = PgTallies(db)
    rows = [
        Refused(
            quarter=NOW,
            mailbox_id=1,
            account_id=1,
            client_id=1,
            domain=domain,
            reason=reason,
            n=n,
        )
        for domain, reason, n in (
            ("x.example", "block_reputation", 2),
            ("x.example", "rate_limit", 1),
            ("y.example", "block_ip", 4),
            ("x.example", "sender_rejected", 8),
        )
    ]
    await book.put_refused(rows)
    await book.put_refused(rows[:1])
    assert await counted(db) == Counts(sent=9, block=9)
    found = {row.receiver: row.counts.sent for row in await book.tallies(NOW)}
    assert found == {"google": 5, "y.example": 4}


async def test_an_attempt_that_ends_later_counts_as_it_ended(
    db: Database, fleet: None
) -> None:
    """What was under way when it was counted is counted anew."""
    await sent(db, 1, outcome=None, reason=None)
    assert await counted(db, NOW) == Counts(sent=1)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE attempt SET outcome = 'failed', reason = 'block_ip'"
        )
    assert await counted(db, NOW + timedelta(minutes=30)) == Counts(sent=1, block=1)


async def test_what_a_receiver_failed_while_it_was_down_is_left_out(
    db: Database, fleet: None
) -> None:
    """Its quarters count for nobody, whatever comes back later."""
    ids = await sent(db, 3)
    book = PgTallies(db)
    await book.tally(LATER)
    assert await book.of_late(NOW) == {"google": [Counts(sent=3)]}
    assert await book.put_outage("google", NOW, NOW) == 1
    assert await book.put_outage("google", NOW, NOW) == 0
    await came_back(db, ids[0], "one")
    assert await counted(db) == Counts()


async def test_a_long_past_is_counted_day_by_day(db: Database, fleet: None) -> None:
    """Whoever begins to count finds the last month, and not what is older."""
    for days in (0, 1, 5, 29, 40):
        await sent(db, 1, at=NOW - timedelta(days=days))
    await PgTallies(db).tally(LATER)
    rows = await PgTallies(db).tallies(NOW - timedelta(days=99))
    assert [(NOW - row.quarter).days for row in rows] == [29, 5, 1, 0]


async def test_a_clock_that_was_set_back_counts_on(db: Database, fleet: None) -> None:
    """What is sent at an earlier hour is not passed over."""
    await PgTallies(db).tally(NOW + timedelta(days=3))
    await sent(db, 2)
    assert await counted(db) == Counts(sent=2)


async def test_a_large_fleet_that_comes_back_is_counted_at_once(db: Database) -> None:
    """By its keys: each of them beside each row of the past takes half a minute."""
    async with db.connection() as connection:
        await seed_fleet(connection, mailboxes=3000)
        await connection.execute(
            "INSERT INTO tally (quarter, mailbox_id, account_id, client_id, receiver,"
            " source, sent) SELECT $1::timestamptz - n / 3000 * interval '15 minutes',"
            " 1 + n % 3000, 1, 1, 'google', 'reply', 1"
            " FROM generate_series(0, 17999) n",
            NOW,
        )
        await connection.execute(
            "INSERT INTO health (kind, target_id, state, since, stage, relapses, rule,"
            " fresh_since) SELECT kind, id, 'tired', $1, 1, 1, 'r', $1::timestamptz"
            " - interval '30 minutes' FROM (VALUES ('domain', 1), ('account', 1),"
            " ('client', 1)) x (kind, id)"
            " UNION ALL SELECT 'mailbox', id, 'tired', $1, 1, 1, 'r',"
            " $1::timestamptz - interval '30 minutes' FROM mailbox",
            NOW,
        )
    async with asyncio.timeout(20):
        found = await PgTallies(db).fresh(NOW, [4, 168])
    assert len(found) == 3003
    for kind in (Kind.DOMAIN, Kind.ACCOUNT, Kind.CLIENT):
        [one] = found[kind, 1]
        assert (one.hours, one.since_stage, one.counts.sent) == (4, 3000, 9000)
    [one] = found[Kind.MAILBOX, 7]
    assert (one.since_stage, one.counts.sent) == (1, 3)
