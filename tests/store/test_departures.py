"""The laws of letters whose mailbox, campaign or step has left the fleet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outreachd.rules.model import State
from outreachd.rules.records import Queue, Want
from outreachd.store import departures
from outreachd.store.database import Database
from outreachd.store.departures import Settled, settle_departures
from outreachd.store.ledger import PgLedger
from outreachd.store.steering import PgSteering
from tests.store.seed import (
    NOW,
    add_send,
    follow_up,
    intent,
    outcome,
    owner_of,
    seed_fleet,
)

HOUR = timedelta(hours=1)


async def fleet(db: Database, policy: str, *, mailboxes: int = 3) -> None:
    """Apply the small fleet with a policy for lost mailboxes."""
    async with db.connection() as connection:
        await seed_fleet(connection, mailboxes=mailboxes)
        await connection.execute("UPDATE campaign SET mailbox_gone = $1", policy)


async def do(db: Database, statement: str, *values: Any) -> None:
    async with db.connection() as connection:
        await connection.execute(statement, *values)


async def bound(db: Database, mailbox_id: int, n: int, **values: Any) -> list[int]:
    """Let follow-ups wait for a mailbox."""
    told: dict[str, Any] = {"step_number": 2, "thread": "<a@b.example>"}
    async with db.connection() as connection:
        return [
            await add_send(
                connection,
                f"p{mailbox_id}-{i}@x.example",
                mailbox_id=mailbox_id,
                **told | values,
            )
            for i in range(n)
        ]


async def settle(db: Database) -> Settled:
    async with db.connection() as connection:
        return await settle_departures(connection, author="test", now=NOW)


async def rows(db: Database, columns: str) -> list[tuple[Any, ...]]:
    async with db.connection() as connection:
        found = await connection.fetch(f"SELECT {columns} FROM send ORDER BY id")  # noqa: S608
    return [tuple(row) for row in found]


async def test_by_default_letters_wait_for_their_mailbox(db: Database) -> None:
    """It may come back; nothing is changed and nothing noted."""
    await fleet(db, "wait")
    await bound(db, 1, 3)
    await do(db, "UPDATE mailbox SET retired = true WHERE id = 1")
    assert not await settle(db)
    assert await rows(db, "state, mailbox_id") == [("scheduled", 1)] * 3
    assert (await PgSteering(db).status(NOW))["stranded"] == [
        {"campaign": "spring", "mailbox_gone": "wait", "n": 3}
    ]


async def test_stand_ins_of_the_same_domain_and_pool_share_the_letters(
    db: Database,
) -> None:
    """The least loaded first; thread and name stay, the bytes are made anew."""
    await fleet(db, "stand_in", mailboxes=5)
    await do(
        db,
        "INSERT INTO domain (name, account_ids, daily_limit, rate_per_minute, timezone)"
        " VALUES ('else.example', '{1}', 1, 1, 'UTC')",
    )
    await do(db, "UPDATE mailbox SET domain_id = 2 WHERE id = 4")
    await do(db, "DELETE FROM campaign_mailbox WHERE mailbox_id = 5")
    await bound(db, 2, 2)
    name = {"message_id": "<m@b.example>", "letter_sha256": b"s"}
    await bound(db, 1, 4, **name)
    await do(db, "UPDATE mailbox SET retired = true WHERE id = 1")
    assert await settle(db) == Settled(stood_in=4)
    assert sorted(m for (m,) in await rows(db, "mailbox_id")) == [2, 2, 2, 3, 3, 3]
    columns = "message_id, letter_sha256, thread, reason, detail"
    assert set((await rows(db, columns))[2:]) == {
        (
            "<m@b.example>",
            None,
            "<a@b.example>",
            "stand_in",
            "stands in for box1@mail.acme.example, which has left the fleet",
        )
    }
    assert not await settle(db)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT action FROM audit") == "departures"


async def test_without_a_stand_in_letters_wait(db: Database) -> None:
    """The only mailbox of its domain is gone: nobody else may write for it."""
    await fleet(db, "stand_in", mailboxes=1)
    await bound(db, 1, 2)
    await do(db, "UPDATE mailbox SET retired = true WHERE id = 1")
    assert not await settle(db)


async def test_letters_end_where_the_campaign_says_so(db: Database) -> None:
    """And with them the enrolment."""
    await fleet(db, "stop")
    await bound(db, 1, 2)
    await bound(db, 2, 1)
    await do(db, "UPDATE mailbox SET retired = true WHERE id = 1")
    assert await settle(db) == Settled(stopped=2)
    gone, kept = ("cancelled", "mailbox_gone"), ("scheduled", None)
    assert await rows(db, "state, reason") == [gone, gone, kept]
    async with db.connection() as connection:
        states = await connection.fetch("SELECT state FROM enrolment ORDER BY id")
    assert [row["state"] for row in states] == ["stopped", "stopped", "active"]


async def tried(db: Database, state: State) -> tuple[PgLedger, int]:
    """Let one letter of mailbox 1 be tried, to be tried again, and lose the mailbox."""
    await fleet(db, "stand_in")
    ledger, term, _ = await owner_of(db)
    async with db.connection() as connection:
        await add_send(connection, "p@x.example", campaign_id=2)
    [(_, claim)] = await ledger.claim([Want(Queue(2, ""), 1)], term=term, now=NOW)
    made = intent(claim, 1)
    await ledger.begin([made], term=term)
    due_at = NOW + HOUR if state is State.SCHEDULED else None
    await ledger.record([outcome(made, state, due_at=due_at, reason="x")])
    await ledger.settle_uncertain(now=NOW, before=NOW)
    await do(db, "UPDATE mailbox SET retired = true WHERE id = 1")
    return ledger, term


async def test_a_letter_that_may_have_arrived_is_held(db: Database) -> None:
    """Only a person may say that it goes again; then it does, from a stand-in."""
    await tried(db, State.UNCERTAIN)
    assert await rows(db, "state, reason") == [("scheduled", "uncertain")]
    assert await settle(db) == Settled(held=1)
    assert await rows(db, "state, reason") == [("held", "mailbox_gone")]
    await do(
        db,
        "UPDATE send SET state = 'scheduled', reason = 'released', due_at = $1",
        NOW,
    )
    assert await settle(db) == Settled(stood_in=1)
    assert await rows(db, "state, mailbox_id, letter_sha256") == [
        ("scheduled", 2, None)
    ]


async def test_a_letter_that_was_refused_goes_on_from_a_stand_in(db: Database) -> None:
    """It surely did not arrive: nothing is repeated."""
    await tried(db, State.SCHEDULED)
    assert await settle(db) == Settled(stood_in=1)


async def test_a_stand_in_writes_all_that_follows(db: Database) -> None:
    """The next step stays with it."""
    await fleet(db, "stand_in", mailboxes=2)
    [id] = await bound(db, 1, 1)
    await do(db, "UPDATE mailbox SET retired = true WHERE id = 1")
    await settle(db)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(2, 1)], term=term, now=NOW)
    assert claim.send_id == id
    made = intent(claim, 2)
    await ledger.begin([made], term=term)
    after = follow_up(made, NOW + HOUR)
    await ledger.record([outcome(made, next_step=after)])
    assert {m for (m,) in await rows(db, "mailbox_id")} == {2}


@pytest.mark.parametrize(
    ("reason", "back"),
    [
        ("campaign_retired", "UPDATE campaign SET retired = false"),
        (
            "no_such_step",
            "INSERT INTO step SELECT 1, 2, 'S', 'Hi', NULL, 1, 'days'",
        ),
    ],
)
async def test_what_was_taken_out_and_returns_goes_on(
    db: Database, reason: str, back: str
) -> None:
    """Nothing is skipped because a campaign or a step was away for a while."""
    await fleet(db, "wait")
    if reason == "campaign_retired":
        await do(db, "UPDATE campaign SET retired = true")
    await bound(db, 1, 1, state="held", reason=reason)
    await bound(db, 2, 1, state="held", reason="bug")
    assert not await settle(db)
    await do(db, back)
    assert await settle(db) == Settled(resumed=1)
    assert [state for (state,) in await rows(db, "state")] == ["scheduled", "held"]


async def test_a_daemon_does_it_as_part_of_its_housekeeping(db: Database) -> None:
    """Through its ledger, and under its own name."""
    await fleet(db, "stop")
    await bound(db, 1, 1)
    await do(db, "UPDATE mailbox SET retired = true WHERE id = 1")
    ledger, _, _ = await owner_of(db)
    assert await ledger.settle_departures(now=NOW) == Settled(stopped=1)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT author FROM audit") == "outreachd"


async def test_what_returns_goes_on_a_part_at_a_time(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it; no statement takes long, however much was held."""
    monkeypatch.setattr(departures, "BATCH", 2)
    await fleet(db, "wait")
    await bound(db, 1, 5, state="held", reason="campaign_retired")
    assert await settle(db) == Settled(resumed=5)
    assert not await settle(db)
