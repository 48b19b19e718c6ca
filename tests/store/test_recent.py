"""The laws of what was handed over lately: nothing goes twice that was forgotten."""

from __future__ import annotations

from contextlib import suppress

import pytest

from outreachd.rules.model import State
from outreachd.rules.records import Intent, LedgerAwayError, Queue, Want
from outreachd.store.database import Database
from outreachd.store.ledger import PgLedger
from tests.store.seed import NOW, add_send, intent, outcome, owner_of, seed_fleet

FIRST = [Want(Queue(1, ""), 10)]
LOST = (
    "UPDATE send SET state = 'scheduled', term = NULL, attempt_id = NULL,"
    " mailbox_id = NULL, message_id = NULL, dated_at = NULL, letter_sha256 = NULL"
)
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
STATES = "SELECT state || ' ' || coalesce(reason, '') FROM send ORDER BY id"


async def begun(db: Database, url: str) -> tuple[Database, PgLedger, int, Intent]:
    """Let a letter go by connections of their own, as a daemon has them."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "a@x.example")
    hot = await Database.open(url, hot=True)
    ledger, term, _ = await owner_of(hot)
    [(_, claim)] = await ledger.claim(FIRST, term=term, now=NOW)
    made = intent(claim)
    await ledger.begin([made], term=term)
    return hot, ledger, term, made


async def fail_over(db: Database, *changes: str) -> list[str]:
    """Become a server that lacks the newest changes; tell the states then."""
    async with db.connection() as connection:
        for change in (*changes, CUT):
            await connection.execute(change)
        return [row[0] for row in await connection.fetch(STATES)]


async def states(db: Database) -> list[str]:
    """Tell each send's state and reason."""
    async with db.connection() as connection:
        return [row[0] for row in await connection.fetch(STATES)]


@pytest.mark.parametrize("has_ended", [True, False])
async def test_a_letter_whose_attempt_was_forgotten_waits_for_a_person(
    db: Database, database_url: str, has_ended: bool
) -> None:
    """51: a replica that lacks the last second would have it sent once more."""
    hot, ledger, term, made = await begun(db, database_url)
    if has_ended:
        await ledger.record([outcome(made)])
    await fail_over(db, "DELETE FROM attempt", LOST)
    assert await again(ledger, term) == []
    assert await states(db) == ["held uncertain"]
    await hot.close(1)


async def test_a_letter_whose_end_was_forgotten_waits_for_a_person(
    db: Database, database_url: str
) -> None:
    """51: nobody would ever tell its end again, and it would be `sending` for ever."""
    hot, ledger, term, made = await begun(db, database_url)
    await ledger.record([outcome(made)])
    await fail_over(
        db,
        "UPDATE attempt SET outcome = NULL",
        "UPDATE send SET state = 'sending', term = (SELECT term FROM lease)",
    )
    await again(ledger, term)
    assert await states(db) == ["held uncertain"]
    await hot.close(1)


@pytest.mark.parametrize("state", [State.SENT, State.SCHEDULED, None])
async def test_a_database_that_was_only_away_keeps_what_it_knows(
    db: Database, database_url: str, state: State | None
) -> None:
    """46: a new connection alone holds nothing, also no letter that is under way."""
    hot, ledger, term, made = await begun(db, database_url)
    if state is not None:
        await ledger.record([outcome(made, state)])
    before = await fail_over(db)
    await again(ledger, term)
    assert await states(db) == before
    await hot.close(1)


async def test_a_refusal_that_was_forgotten_is_tried_again(
    db: Database, database_url: str
) -> None:
    """51: the letter was not taken: nothing can go twice."""
    hot, ledger, term, made = await begun(db, database_url)
    await ledger.record([outcome(made, State.SCHEDULED)])
    await fail_over(db, "DELETE FROM attempt", LOST)
    assert await again(ledger, term) == [made.send_id]
    await hot.close(1)


async def again(ledger: PgLedger, term: int) -> list[int]:
    """Claim once more, as soon as there is a connection; tell the sends."""
    while True:
        with suppress(LedgerAwayError):
            claims = await ledger.claim(FIRST, term=term, now=NOW)
            return [claim.send_id for _, claim in claims]
