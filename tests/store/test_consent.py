"""The laws of a yes, in the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outreachd.rules.contact_row import NewContact
from outreachd.store.consent import Asked, PgConsent
from outreachd.store.contacts import enrol, find_target
from outreachd.store.database import Database
from tests.store.seed import NOW, seed_fleet

LATER = NOW + timedelta(hours=1)


async def signed_up(db: Database, *campaigns: str) -> None:
    """Import a person into campaigns that ask first."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute("UPDATE campaign SET confirmation = '{}'")
        contact = NewContact(
            line=2,
            email="a@x.example",
            timezone="",
            variables={},
            consent_basis="sign_up",
            consent_source="form",
            consent_at=NOW,
        )
        for name in campaigns:
            target = await find_target(connection, name)
            assert target is not None
            await enrol(connection, target, [contact], now=NOW)


async def rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    """Look into the database."""
    async with db.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


SENDS = "SELECT campaign_id, step_number, state, mailbox_id FROM send ORDER BY id"


async def test_who_has_not_said_yes_gets_the_question_alone(db: Database) -> None:
    """The first letter is step 0, and no sequence has begun."""
    await signed_up(db, "spring")
    assert await rows(db, SENDS) == [(1, 0, "scheduled", None)]
    assert await rows(db, "SELECT state FROM enrolment") == [("unconfirmed",)]
    assert await PgConsent(db).asked(1) == Asked("acme", "", "", has_said_yes=False)


async def test_a_yes_begins_the_sequence_from_the_mailbox_that_asked(
    db: Database,
) -> None:
    """Said once or five times: one first letter, due at once."""
    await signed_up(db, "spring")
    await rows(
        db,
        "UPDATE send SET state = 'sent', mailbox_id = 2,"
        " attempt_id = gen_random_uuid(), message_id = '<m@x>', dated_at = now(),"
        " letter_sha256 = '' RETURNING 1",
    )
    consent = PgConsent(db)
    begun = [await consent.confirm(1, "page", LATER) for _ in range(5)]
    assert begun == [1, 0, 0, 0, 0]
    assert await rows(db, SENDS) == [(1, 0, "sent", 2), (1, 1, "scheduled", 2)]
    assert await rows(db, "SELECT state FROM enrolment") == [("active",)]
    assert await rows(db, "SELECT confirmed_at FROM contact") == [(LATER,)]
    assert await rows(db, "SELECT author, action FROM audit") == [
        ("the recipient", "confirm")
    ]


async def test_one_yes_is_enough_for_all_campaigns_of_a_client(db: Database) -> None:
    """What waits elsewhere for the same answer begins, and asks no more."""
    await signed_up(db, "spring", "autumn")
    assert await PgConsent(db).confirm(1, "page", LATER) == 2
    assert await rows(db, SENDS) == [
        (1, 0, "cancelled", None),
        (2, 0, "cancelled", None),
        (1, 1, "scheduled", None),
        (2, 1, "scheduled", None),
    ]


async def test_who_has_said_yes_before_is_not_asked_again(db: Database) -> None:
    """A later import into another campaign begins at once."""
    await signed_up(db, "spring")
    await PgConsent(db).confirm(1, "page", LATER)
    async with db.connection() as connection:
        target = await find_target(connection, "autumn")
        assert target is not None
        again = NewContact(
            line=2,
            email="a@x.example",
            timezone="",
            variables={},
            consent_basis="sign_up",
            consent_source=None,
            consent_at=None,
        )
        await enrol(connection, target, [again], now=LATER)
    assert (2, 1, "scheduled", None) in await rows(db, SENDS)


@pytest.mark.parametrize("enrolment_id", [0, 7])
async def test_nobody_confirms_what_nobody_was_asked(
    db: Database, enrolment_id: int
) -> None:
    """A token for an enrolment that is gone finds nobody and changes nothing."""
    await signed_up(db, "spring")
    consent = PgConsent(db)
    assert await consent.asked(enrolment_id) is None
    assert await consent.confirm(enrolment_id, "page", LATER) == 0
    assert await rows(db, SENDS) == [(1, 0, "scheduled", None)]
