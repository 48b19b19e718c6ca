"""The schema defends the state machine: each rule has a test that tries to break it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from outreachd.store.database import Connection, Database
from tests.store.seed import NOW, add_send, seed_fleet

IDENTITY: dict[str, Any] = {
    "attempt_id": UUID(int=1),
    "message_id": "<a@b.example>",
    "dated_at": NOW,
    "mailbox_id": 1,
    "letter_sha256": b"s" * 32,
}
FORBIDDEN: dict[str, dict[str, Any]] = {
    "an unknown state": {"state": "lost"},
    "leased without a term": {"state": "leased"},
    "sending without a term": {"state": "sending", **IDENTITY},
    "held without a reason": {"state": "held"},
    **{
        f"{state} without its {field}": {
            "state": state,
            "term": 1,
            **{k: v for k, v in IDENTITY.items() if k != field},
        }
        for state in ("sending", "sent", "uncertain")
        for field in IDENTITY
    },
}


@pytest.mark.parametrize("values", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_no_row_can_stand_where_the_machine_has_no_place(
    db: Database, values: dict[str, Any]
) -> None:
    """A state, an owner, an identity or a reason that is missing is refused."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        with pytest.raises(asyncpg.CheckViolationError):
            await add_send(connection, "a@x.example", **values)


async def test_a_step_is_written_to_a_contact_once(db: Database) -> None:
    """However often a campaign is started, a contact has one row for a step."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "a@x.example")
        await add_send(connection, "a@x.example", step_number=2)
        await add_send(connection, "a@x.example", campaign_id=2)
        with pytest.raises(asyncpg.UniqueViolationError):
            await add_send(connection, "a@x.example")


async def test_a_contact_is_enrolled_in_a_campaign_once(db: Database) -> None:
    """One enrolment for each pair, one contact for each address of a client."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "a@x.example")
        for statement in (
            "INSERT INTO contact (client_id, email) VALUES (1, 'a@x.example')",
            "INSERT INTO enrolment (campaign_id, contact_id) VALUES (1, 1)",
        ):
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute(statement)


@pytest.mark.parametrize("n", [4, 5])
async def test_usage_never_exceeds_its_cap(db: Database, n: int) -> None:
    """Promise 3: the cap is a rule of the table, not of a program."""
    async with db.connection() as connection:
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await use(connection, n, cap=3)
        assert caught.value.constraint_name == "usage_within_cap"
        await use(connection, 3, cap=3)


async def use(connection: Connection, n: int, *, cap: int) -> None:
    await connection.execute(
        "INSERT INTO usage VALUES ('mailbox', 1, $1, $2, $3)", NOW.date(), n, cap
    )


ENTRY = (
    "INSERT INTO suppression (target, reason, source, author, at)"
    " VALUES ('a@x.example', 'opt_out', 's', 'a', now())"
)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM suppression",
        "UPDATE suppression SET target = 'b@x.example'",
        "UPDATE suppression SET reason = 'other'",
        "UPDATE suppression SET target = '#0', form = 'hash', reason = 'other'",
    ],
)
async def test_suppressions_are_only_added_to(db: Database, statement: str) -> None:
    """No program and no hand at the console makes a wish to be left alone vanish."""
    async with db.connection() as connection:
        await connection.execute(ENTRY)
        with pytest.raises(asyncpg.RaiseError, match="only added to"):
            await connection.execute(statement)
        await connection.execute(
            "UPDATE suppression SET target = '#0', form = 'hash'"  # an erased person
        )


async def test_an_entry_is_taken_back_once(db: Database) -> None:
    """A second undoing of the same entry would say nothing new."""
    undo = ENTRY.replace("at)", "at, undoes)").replace("now())", "now(), 1)")
    async with db.connection() as connection:
        await connection.execute(ENTRY)
        await connection.execute(undo)
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(undo)


async def test_there_is_one_lease(db: Database) -> None:
    """Nobody can be a second owner of the fleet."""
    async with db.connection() as connection:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO lease (name) VALUES ('fleet')")


BROKEN = {
    "a half ramp": "UPDATE mailbox SET ramp_start = 5",
    "a workday backwards": "UPDATE mailbox SET workday_end_min = 0",
    "a day of 25 hours": "UPDATE mailbox SET workday_end_min = 1500",
    "no gap below zero": "UPDATE mailbox SET min_gap_s = -1",
    "a first touch without a subject": "UPDATE step SET subject = NULL",
    "a domain without an account": "UPDATE domain SET account_ids = '{}'",
    "a client without an address": "UPDATE client SET postal_address = ''",
    "a share of nothing": "UPDATE client SET share = 0",
    "a rate of nothing": "UPDATE account SET rate_per_second = 0",
    "rates to nobody": "UPDATE account SET receiver_rates = '60'",
    "a policy nobody knows": "UPDATE campaign SET on_uncertain = 'guess'",
    "a pause without a reason": "INSERT INTO pause VALUES"
    " ('mailbox', 1, '', NULL, 'ann', now())",
}


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN.keys())
async def test_no_fleet_can_be_stored_that_could_not_send(
    db: Database, statement: str
) -> None:
    """Figures that make no sense are refused where they would be kept."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(statement)
