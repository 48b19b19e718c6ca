"""The laws of steering: what people order holds at once, is noted, and can be seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outreachd.rules.model import Kind, State
from outreachd.rules.records import Queue, Want
from outreachd.store.database import Database
from outreachd.store.steering import NoSuchError, PgSteering
from tests.store.seed import NOW, add_send, intent, outcome, owner_of, seed_fleet

NAMES = {
    Kind.FLEET: "",
    Kind.CLIENT: "acme",
    Kind.CAMPAIGN: "spring",
    Kind.DOMAIN: "mail.acme.example",
    Kind.MAILBOX: "box1@mail.acme.example",
    Kind.ACCOUNT: "relay",
}
HOUR = timedelta(hours=1)


async def steering(db: Database, n: int = 0, **values: Any) -> PgSteering:
    async with db.connection() as connection:
        await seed_fleet(connection)
        for i in range(n):
            await add_send(connection, f"p{i}@x.example", **values)
    return PgSteering(db)


async def states(db: Database) -> list[str]:
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT state FROM send ORDER BY id")
    return [row["state"] for row in rows]


async def audit(db: Database) -> list[tuple[str, str]]:
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT author, action FROM audit ORDER BY id")
    return [(row["author"], row["action"]) for row in rows]


@pytest.mark.parametrize("kind", list(Kind))
async def test_anything_can_be_paused_by_name_and_resumed(
    db: Database, kind: Kind
) -> None:
    """A pause is shown, a second one replaces it, a resume ends it; all is noted."""
    store = await steering(db)
    await store.pause(kind, NAMES[kind], "first", None, "ann", NOW)
    await store.pause(kind, NAMES[kind], "rest", NOW + HOUR, "ben", NOW)
    [pause] = (await store.status(NOW))["pauses"]
    assert (pause["kind"], pause["name"], pause["reason"]) == (
        kind,
        NAMES[kind],
        "rest",
    )
    assert (await store.status(NOW + HOUR))["pauses"] == []
    await store.resume(kind, NAMES[kind], "ann", NOW)
    assert (await store.status(NOW))["pauses"] == []
    assert await audit(db) == [("ann", "pause"), ("ben", "pause"), ("ann", "resume")]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.FLEET])
async def test_an_unknown_name_is_told(db: Database, kind: Kind) -> None:
    """Nothing is paused by mistake, nothing is noted."""
    store = await steering(db)
    with pytest.raises(NoSuchError, match=f"there is no {kind} 'nobody'"):
        await store.pause(kind, "nobody", "x", None, "ann", NOW)
    assert await audit(db) == []


async def held(db: Database) -> PgSteering:
    store = await steering(db, 2, state="held", reason="missing_variable")
    async with db.connection() as connection:
        await add_send(
            connection, "q@x.example", campaign_id=2, state="held", reason="bug"
        )
    return store


async def test_status_counts_what_there_is(db: Database) -> None:
    """States, what is due and how old, what is held and why, the fleet by health."""
    store = await held(db)
    async with db.connection() as connection:
        await add_send(connection, "due@x.example", NOW - HOUR)
        await add_send(connection, "later@x.example", NOW + HOUR)
    ledger, term, _ = await owner_of(db)
    await store.pause(Kind.MAILBOX, NAMES[Kind.MAILBOX], "x", None, "ann", NOW)
    status = await store.status(NOW)
    assert status["sends"] == {"held": 3, "scheduled": 2}
    assert (status["due"], status["oldest_due_s"]) == (1, 3600)
    assert status["held"] == {"missing_variable": 2, "bug": 1}
    assert status["mailboxes"] == {"well": 2, "resting": 1}
    assert status["sent_today"] == 0
    assert status["suppressions"] == {}
    [(_, claim)] = await ledger.claim([Want(Queue(1, ""), 1)], term=term, now=NOW)
    made = intent(claim, 2)
    await ledger.begin([made], term=term)
    assert (await store.status(NOW))["sent_today"] == 1
    await ledger.record([outcome(made, State.UNCERTAIN)])

    shown = await store.send(claim.send_id)
    assert shown is not None
    assert (shown["state"], shown["mailbox"]) == ("uncertain", "box2@mail.acme.example")
    assert [attempt["outcome"] for attempt in shown["attempt_list"]] == ["uncertain"]
    assert await store.send(10_000) is None
    assert await store.find_sends("due@x.example", None) == [claim.send_id]
    assert await store.find_sends("due@x.example", "autumn") == []


async def test_nothing_of_a_retired_campaign_is_due(db: Database) -> None:
    """Neither in the status nor in the gauges: it cannot go until that returns."""
    store = await steering(db)
    async with db.connection() as connection:
        await add_send(connection, "a@x.example", NOW - HOUR, campaign_id=2)
        await connection.execute("UPDATE campaign SET retired = id = 2")
    gauges = await store.gauges(NOW + HOUR)
    status = await store.status(NOW + HOUR)
    assert (gauges.due, gauges.oldest_due_s) == (0, 0.0)
    assert status["retired"] == [{"campaign": "autumn", "n": 1}]
    async with db.connection() as connection:
        await connection.execute("UPDATE campaign SET retired = false")
    gauges = await store.gauges(NOW + HOUR)
    assert (gauges.due, gauges.oldest_due_s) == (1, 7200.0)
    assert (await store.status(NOW))["retired"] == []
