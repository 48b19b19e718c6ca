"""The laws of counting what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outreachd.rules.outlook import Waiting
from outreachd.rules.standstill import Left
from outreachd.store.database import Database
from outreachd.store.waiting import (
    database_time,
    left_over,
    oldest_due,
    read_waiting,
)

NOW = datetime(2026, 8, 3, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)

PUT_CAMPAIGN = """
WITH c AS (INSERT INTO client (name, share, postal_address, timezone)
    VALUES ('acme', 1, 'x', 'UTC') RETURNING id)
INSERT INTO campaign (name, client_id, direction, share, pool, calendar, on_uncertain)
SELECT 'spring', id, 'sales', 1, '{}', '{}', 'hold' FROM c RETURNING id
"""
PUT_SEND = """
INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, mailbox_id,
    state, reason, due_at, first_due_at, changed_at)
SELECT $1, $2, coalesce(max(contact_id), 0) + 1, 1, $3, $4, $5, $6, $6, $6 FROM send
RETURNING id
"""


async def put(
    db: Database,
    due_at: datetime,
    *,
    step: int = 1,
    mailbox: int | None = None,
    state: str = "scheduled",
    reason: str | None = None,
) -> int:
    """Put one send of the campaign; make the campaign if it is the first."""
    async with db.connection() as connection:
        campaign = await connection.fetchval("SELECT id FROM campaign")
        campaign = campaign or await connection.fetchval(PUT_CAMPAIGN)
        id: int = await connection.fetchval(
            PUT_SEND, campaign, step, mailbox, state, reason, due_at
        )
    return id


async def test_alike_rows_are_one_pile_by_the_hour(db: Database) -> None:
    """First touches by queue, bound rows by mailbox and step; the past is due now."""
    for due_at in (NOW - 5 * HOUR, NOW - HOUR, NOW + HOUR, NOW + 1.2 * HOUR):
        await put(db, due_at)
    await put(db, NOW + HOUR, step=2, mailbox=7)
    await put(db, NOW + 9 * HOUR)
    await put(db, NOW, state="held", reason="x")
    async with db.connection() as connection:
        piles = await read_waiting(connection, now=NOW, until=NOW + 4 * HOUR)

    like = {"campaign_id": piles[0].campaign_id, "place": ""}
    at_one = datetime(2026, 8, 3, 13, tzinfo=UTC)
    first = {"mailbox_id": None, "step_number": 1, **like}
    assert piles == [
        Waiting(due_at=NOW, n=2, **first),  # type: ignore[arg-type]
        Waiting(due_at=at_one, n=2, **first),  # type: ignore[arg-type]
        Waiting(mailbox_id=7, step_number=2, due_at=at_one, n=1, **like),  # type: ignore[arg-type]
    ]


async def test_the_oldest_scheduled_send_of_each_campaign_is_found(
    db: Database,
) -> None:
    """Only what is scheduled waits; an empty database has none."""
    async with db.connection() as connection:
        assert await oldest_due(connection) == []
    await put(db, NOW - HOUR, state="held", reason="x")
    await put(db, NOW + HOUR)
    first = await put(db, NOW)
    async with db.connection() as connection:
        await connection.execute("INSERT INTO queue SELECT id, '' FROM campaign")
        assert await oldest_due(connection) == [(first, NOW)]


async def test_what_has_left_the_schedule_is_counted(db: Database) -> None:
    """Held by reason, and what waits for a campaign to come back."""
    async with db.connection() as connection:
        assert await left_over(connection) == Left({}, 0, 0)
    await put(db, NOW, state="held", reason="x")
    await put(db, NOW)
    async with db.connection() as connection:
        assert await left_over(connection) == Left({"x": 1}, 0, 0)
        await connection.execute("UPDATE campaign SET retired = true")
        assert await left_over(connection) == Left({"x": 1}, 0, 1)


async def test_the_databases_clock_can_be_read(db: Database) -> None:
    """An aware instant, so that it can be held against ours."""
    async with db.connection() as connection:
        assert (await database_time(connection)).tzinfo is not None


PUT_PEOPLE = """
WITH d AS (INSERT INTO mail_domain (domain, verdict, receiver, checked_at)
    VALUES ('big.example', 'mx', 'google', now()))
INSERT INTO contact (client_id, email)
SELECT k.client_id,
    'p' || n || CASE WHEN n < 5 THEN '@big.example' ELSE '@x.example' END
FROM campaign k, generate_series(1, 5) n ORDER BY n
"""


async def test_crowds_are_told_by_receiver(db: Database) -> None:
    """By who runs their mail; what its rate has put off is due as it was before."""
    for _ in range(5):
        await put(db, NOW - HOUR)
    async with db.connection() as connection:
        await connection.execute(PUT_PEOPLE)
        await connection.execute(
            "UPDATE send SET reason = 'receiver_rate', due_at = $1"
            " WHERE contact_id = 2",
            NOW + 9 * HOUR,
        )
        until = NOW + 4 * HOUR
        piles = await read_waiting(connection, now=NOW, until=until, crowd=3)
        few = await read_waiting(connection, now=NOW, until=until, crowd=4)
    told = [(pile.receiver, pile.n, pile.due_at) for pile in piles]
    assert told == [("", 1, NOW), ("google", 4, NOW)]
    assert [(pile.receiver, pile.n) for pile in few] == [("", 5)]
