"""The laws of finding silent people and putting them aside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from outreachd.store.care import PgCare, Silent
from outreachd.store.database import Connection, Database
from outreachd.store.steering import NoSuchError
from tests.store.seed import add_send, seed_fleet

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=200)
SENT: dict[str, Any] = {
    "state": "sent",
    "attempt_id": "00000000-0000-0000-0000-000000000001",
    "message_id": "<m@x>",
    "mailbox_id": 1,
    "letter_sha256": b"s" * 32,
    "dated_at": LONG_AGO,
}


@pytest_asyncio.fixture
async def care(db: Database) -> PgCare:
    """Give the care of a list of nobody; the campaigns are "spring" and "autumn"."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    return PgCare(db)


async def sent(
    connection: Connection, email: str = "ann@x.example", **values: Any
) -> int:
    return await add_send(connection, email, **SENT | values)


async def silent(care: PgCare, campaign_id: int | None = None) -> list[Silent]:
    return [person async for page in care.silent(campaign_id, NOW) for person in page]


async def test_who_was_written_to_long_ago_and_said_nothing_is_silent(
    care: PgCare, db: Database
) -> None:
    """With what an import needs, the last letter, and what waits."""
    async with db.connection() as connection:
        await sent(connection)
        await sent(connection, step_number=2, dated_at=LONG_AGO + timedelta(days=3))
        await add_send(connection, "ann@x.example", step_number=3)
    [found] = await silent(care)
    assert (found.email, found.campaign, found.consent_basis) == (
        "ann@x.example",
        "spring",
        "asked",
    )
    assert (found.last_at, found.waiting) == (LONG_AGO + timedelta(days=3), 1)
    assert await care.written_to(None) == {"spring": 1}


@pytest.mark.parametrize(
    "values",
    [
        {"dated_at": NOW - timedelta(days=182)},
        {"state": "scheduled", "attempt_id": None},
        {"state": "failed"},
    ],
)
async def test_who_was_not_written_to_long_ago_is_not(
    care: PgCare, db: Database, values: dict[str, Any]
) -> None:
    """A letter of last month, one that waits, one that never arrived."""
    async with db.connection() as connection:
        await sent(connection, **values)
    assert await silent(care) == []


@pytest.mark.parametrize(
    "change",
    [
        (
            "INSERT INTO event (contact_id, what, source, author, at)"
            " SELECT id, 'answered', 's', 'a', now() FROM contact"
        ),
        "UPDATE enrolment SET state = 'stopped', reason = 'bounced'",
        "UPDATE enrolment SET state = 'finished', reason = 'one_off'",
        "UPDATE campaign SET retired = true",
        "UPDATE campaign SET silent_after_s = 86400 * 365",
    ],
)
async def test_some_are_silent_for_a_reason(
    care: PgCare, db: Database, change: str
) -> None:
    """Answered, stopped, a one-off, a campaign that is over or waits longer."""
    async with db.connection() as connection:
        await sent(connection)
        assert len(await silent(care)) == 1
        await connection.execute(change)
    assert await silent(care) == []


async def test_a_letter_under_way_is_waited_for(care: PgCare, db: Database) -> None:
    """Somebody to whom a letter is going out now is not silent yet."""
    async with db.connection() as connection:
        await sent(connection)
        await sent(connection, state="uncertain", step_number=2)
    assert await silent(care) == []


async def test_a_campaign_can_be_looked_at_alone(care: PgCare, db: Database) -> None:
    """Silence counts for each campaign by itself."""
    async with db.connection() as connection:
        await sent(connection)
        await sent(connection, campaign_id=2)
    assert len(await silent(care)) == 2
    autumn = await care.campaign("autumn")
    assert [one.campaign for one in await silent(care, autumn)] == ["autumn"]
    assert await care.campaign(None) is None
    with pytest.raises(NoSuchError):
        await care.campaign("nonsense")


async def test_put_aside_means_no_letter_any_more(care: PgCare, db: Database) -> None:
    """The enrolment is stopped, what waits is cancelled, all is audited."""
    async with db.connection() as connection:
        await sent(connection)
        await add_send(connection, "ann@x.example", step_number=2)
        held: dict[str, Any] = {"state": "held", "reason": "uncertain"}
        await add_send(connection, "ann@x.example", step_number=3, **held)
        people = await silent(care)
        assert await care.put_aside(people, author="t", now=NOW) == (1, 2)
        assert await care.put_aside(people, author="t", now=NOW) == (0, 0)
        rows = await connection.fetch(
            "SELECT state, reason FROM send ORDER BY step_number"
        )
        enrolment = await connection.fetchrow("SELECT state, reason FROM enrolment")
        audited = await connection.fetchval("SELECT count(*) FROM audit")
    cancelled = ("cancelled", "silent")
    assert [tuple(row) for row in rows] == [("sent", None), cancelled, cancelled]
    assert enrolment is not None
    assert tuple(enrolment) == ("stopped", "silent")
    assert audited == 2
    assert await silent(care) == []


async def test_an_answer_in_between_saves_a_person(care: PgCare, db: Database) -> None:
    """What was found silent and has answered since stays in its sequence."""
    async with db.connection() as connection:
        await sent(connection)
        people = await silent(care)
        await connection.execute(
            "INSERT INTO event (contact_id, what, source, author, at)"
            " SELECT id, 'answered', 's', 'a', now() FROM contact"
        )
    assert await care.put_aside(people, author="t", now=NOW) == (0, 0)
