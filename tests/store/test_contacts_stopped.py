"""The laws of imports for companies that a campaign writes to no more."""

from __future__ import annotations

import asyncio

import pytest

from outreachd.rules.stops import COMPANY_STOPS, Happening
from outreachd.store import sql
from outreachd.store.contacts import Target, enrol, find_target
from outreachd.store.database import Database
from outreachd.store.events import PgEvents, Whom
from tests.store.locks import wait_for_lock
from tests.store.test_contacts import NOW, contact, seed

ANN, BEN = "ann@corp.example", "ben@corp.example"


async def answered(
    db: Database, email: str = ANN, what: Happening = Happening.ANSWERED
) -> None:
    whom = Whom(address=email)
    await PgEvents(db).happened(what, whom, source="t", author="t", now=NOW)


async def enrolled_before(db: Database, *emails: str, stop: bool = True) -> Target:
    """Import people into the campaign, which stops for a company."""
    async with db.connection() as connection:
        target = await seed(connection)
        await connection.execute("UPDATE campaign SET stop_company = $1", stop)
        people = [contact(email) for email in emails]
        await enrol(connection, target, people, now=NOW)
        found = await find_target(connection, "spring")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("what", "is_stopped"),
    [(what, what in COMPANY_STOPS) for what in Happening],
)
async def test_no_colleague_is_enrolled_after_a_company_was_stopped(
    db: Database, what: Happening, is_stopped: bool
) -> None:
    """Nor kept; those in the campaign stay known, people elsewhere come in."""
    target = await enrolled_before(db, ANN)
    await answered(db, what=what)
    people = [contact(email) for email in (ANN, BEN, "cat@else.example")]
    async with db.connection() as connection:
        done = await enrol(connection, target, people, now=NOW)
        rows = await connection.fetch("SELECT email FROM contact ORDER BY id")
    came = [] if is_stopped else [BEN]
    assert done.stopped == frozenset({BEN} if is_stopped else ())
    assert sorted(done.enrolled) == [*came, "cat@else.example"]
    assert [row["email"] for row in rows] == [ANN, *came, "cat@else.example"]


async def test_a_finished_sequence_answers_for_the_company_too(db: Database) -> None:
    """An answer after the last letter, which ended nothing, counts as any other."""
    target = await enrolled_before(db, ANN)
    async with db.connection() as connection:
        await connection.execute("UPDATE enrolment SET state = 'finished'")
        await answered(db)
        done = await enrol(connection, target, [contact(BEN)], now=NOW)
    assert done.stopped == {BEN}


async def test_who_was_written_to_once_begins_no_sequence_there_either(
    db: Database,
) -> None:
    """A letter ordered singly is no sequence: the import would begin one."""
    target = await enrolled_before(db, ANN, BEN)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE enrolment SET state = 'finished', reason = 'one_off'"
        )
        await answered(db)
        done = await enrol(connection, target, [contact(BEN)], now=NOW)
    assert done.stopped == {BEN}
    assert not done.enrolled


async def test_a_company_stays_stopped_when_who_answered_is_erased(
    db: Database,
) -> None:
    """Its people who were stopped then still tell so."""
    target = await enrolled_before(db, ANN, BEN)
    await answered(db)
    async with db.connection() as connection:
        ids = [
            row["id"] for row in await connection.fetch(sql.text("lock_people"), ANN)
        ]
        await connection.fetchrow(sql.text("forget_person"), ids)
        done = await enrol(connection, target, [contact("c@corp.example")], now=NOW)
    assert done.stopped == {"c@corp.example"}


async def test_only_that_campaign_and_real_companies_are_stopped(db: Database) -> None:
    """Not the client's others; not where anybody has a mailbox; not where not asked."""
    free = ("ann@gmail.com", "ben@gmail.com")
    target = await enrolled_before(db, ANN, free[0])
    await answered(db)
    await answered(db, free[0])
    async with db.connection() as connection:
        autumn = await find_target(connection, "autumn")
        assert autumn is not None
        others = await enrol(connection, autumn, [contact(BEN)], now=NOW)
        strangers = await enrol(connection, target, [contact(free[1])], now=NOW)
        await connection.execute("UPDATE campaign SET stop_company = false")
        target = await find_target(connection, "spring") or target
        now_wanted = await enrol(connection, target, [contact(BEN)], now=NOW)
    assert list(others.enrolled) == list(now_wanted.enrolled) == [BEN]
    assert list(strangers.enrolled) == [free[1]]


async def test_an_answer_during_an_import_stops_whom_it_brought(db: Database) -> None:
    """Whichever commits first: no colleague's sequence goes on."""
    target = await enrolled_before(db, ANN)
    async with db.connection() as connection:
        async with connection.transaction():
            await enrol(connection, target, [contact(BEN)], now=NOW)
            noting = asyncio.create_task(answered(db))
            await wait_for_lock(db)
        await noting
        states = await connection.fetch("SELECT state, reason FROM enrolment")
    assert sorted(map(tuple, states)) == [
        ("stopped", "answered"),
        ("stopped", "company_stopped"),
    ]
