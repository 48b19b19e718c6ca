"""The laws of one-off letters: sends like all others, that end no sequence."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from outreachd.rules.contact_row import read_row
from outreachd.rules.model import State
from outreachd.rules.records import IntentAnswer, OneOff, Queue, Want
from outreachd.rules.suppression import Eraser
from outreachd.store.contacts import enrol, find_target
from outreachd.store.database import Database
from outreachd.store.one_offs import NotOrderedError, Order, order
from tests.store.seed import NOW, add_send, intent, outcome, owner_of, seed_fleet

LETTER = OneOff(subject="s", text="t", html=None, variables={})
NOBODY = Eraser(())


def wanted(email: str = "p@x.example", **changes: Any) -> Order:
    """Want a letter for somebody who asked for it."""
    contact = read_row(["email", "consent_basis"], [email, "asked"], 1)
    values: dict[str, Any] = {
        "campaign": "spring",
        "contact": contact,
        "letter": LETTER,
        "contents": [],
        "due_at": NOW,
        "author": "ann",
    }
    return Order(**values | changes)


async def ordered(db: Database, one: Order) -> dict[str, Any]:
    """Order in a transaction."""
    async with db.connection() as connection:
        async with connection.transaction():
            return await order(connection, one, NOBODY, now=NOW)


async def value(db: Database, query: str) -> Any:
    """Read one value."""
    async with db.connection() as connection:
        return await connection.fetchval(query)


async def test_it_is_claimed_sent_and_ends_no_sequence(db: Database) -> None:
    """Through claim, intent and outcome; the sequence of the person stays active."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "p@x.example", state="expired")
    row = await ordered(db, wanted())
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(Queue(1, ""), 5)], term=term, now=NOW)
    assert (claim.send_id, claim.step_number, claim.content_id) == (row["id"], 1001, 1)
    one = intent(claim)
    assert await ledger.begin([one], term=term) == [IntentAnswer.GRANTED]
    await ledger.record([outcome(one, State.SENT)])
    state = f"SELECT state FROM send WHERE id = {row['id']}"  # noqa: S608 - ours
    assert await value(db, state) == "sent"
    assert await value(db, "SELECT state FROM enrolment") == "active"


async def test_orders_at_one_time_get_numbers_of_their_own(db: Database) -> None:
    """Twenty at once for one person: twenty letters, none lost, none twice."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    await ordered(db, wanted())
    await asyncio.gather(*(ordered(db, wanted()) for _ in range(20)))
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT step_number FROM send ORDER BY 1")
    assert [row["step_number"] for row in rows] == list(range(1001, 1022))


async def test_their_numbers_never_run_out(db: Database) -> None:
    """Who has had thirty thousand letters, as a shop's best customer may, gets more."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await ordered(db, wanted())
        await connection.execute("UPDATE send SET step_number = 32767")
    row = await ordered(db, wanted())
    assert row["step_number"] == 32_768
    ledger, term, _ = await owner_of(db)
    claims = await ledger.claim([Want(Queue(1, ""), 5)], term=term, now=NOW)
    one = intent(next(c for _, c in claims if c.step_number == 32_768))
    assert await ledger.begin([one], term=term) == [IntentAnswer.GRANTED]
    await ledger.record([outcome(one, State.SENT)])


async def test_what_may_not_be_sent_is_not_ordered(db: Database) -> None:
    """An unknown campaign; an address that is suppressed."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "INSERT INTO suppression (target, form, reason, source, author, at)"
            " VALUES ('@x.example', 'domain', 'x', 'x', 'x', now())"
        )
    with pytest.raises(NotOrderedError, match="no campaign"):
        await ordered(db, wanted(campaign="sprig"))
    with pytest.raises(NotOrderedError, match="must not be written to"):
        await ordered(db, wanted())
    assert await value(db, "SELECT count(*) FROM contact") == 0


async def test_where_a_yes_is_asked_for_it_waits(db: Database) -> None:
    """Who has not confirmed gets no letter by this door either."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "UPDATE campaign SET confirmation = "
            '\'{"subject": "s", "text": "t", "html": null}\''
        )
    row = await ordered(db, wanted())
    assert (row["state"], row["reason"]) == ("held", "no_consent")
    assert "said none" in row["detail"]


async def test_who_got_one_may_begin_the_sequence_later(db: Database) -> None:
    """The enrolment that the letter needed is no bar to an import, and only once."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    one = wanted()
    await ordered(db, one)
    async with db.connection() as connection:
        target = await find_target(connection, "spring")
        assert target is not None
        for n in (1, 0):
            made = await enrol(connection, target, [one.contact], now=NOW)
            assert len(made.enrolled) == n
    assert await value(db, "SELECT state FROM enrolment") == "active"
    assert await value(db, "SELECT count(*) FROM send WHERE step_number = 1") == 1
