"""Laws of forgetting a person that only two connections at once can break.

As in test_races: a transaction holds what the first of two must pass.
"""

from __future__ import annotations

import asyncio
import re

from outreachd.rules.records import Queue, Want
from outreachd.rules.stops import Happening
from outreachd.store import sql
from outreachd.store.contacts import enrol
from outreachd.store.database import Database
from outreachd.store.ledger_rows import as_json
from outreachd.store.person import erase
from outreachd.store.suppressions import PgSuppressions
from tests.store.locks import wait_for_lock
from tests.store.races import (
    ANN,
    ERASER,
    contact,
    happens,
    imported,
    rows,
    target_of,
)
from tests.store.seed import (
    NOW,
    add_send,
    follow_up,
    intent,
    outcome,
    owner_of,
    seed_fleet,
)


async def test_an_import_that_has_looked_already_does_not_bring_an_erased_person_back(
    db: Database,
) -> None:
    """It asked who is barred before: the erasure waits, and forgets whom it put."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "aaa@corp.example")
    async with db.connection() as holder:
        async with holder.transaction():
            await holder.execute("SELECT FROM contact FOR UPDATE")
            people = ("aaa@corp.example", ANN)
            importing = asyncio.create_task(imported(db, "autumn", *people))
            await wait_for_lock(db)
            erasing = asyncio.create_task(erase(db, ERASER, ANN, author="op", now=NOW))
            await wait_for_lock(db, 2)
    await asyncio.gather(importing, erasing)
    assert await rows(db, "SELECT email FROM contact") == [("aaa@corp.example",)]


async def test_an_erasure_forgets_what_an_open_import_puts(db: Database) -> None:
    """The enrolment of a known person, not yet committed, is no error afterwards."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
    target = await target_of(db, "autumn")
    async with db.connection() as connection:
        async with connection.transaction():
            await enrol(connection, target, [contact(ANN)], now=NOW, eraser=ERASER)
            erasing = asyncio.create_task(erase(db, ERASER, ANN, author="op", now=NOW))
            await wait_for_lock(db)
    await erasing
    assert await rows(db, "SELECT 1 FROM send UNION SELECT 2 FROM enrolment") == []


async def test_an_erasure_forgets_what_a_late_outcome_sets_off(db: Database) -> None:
    """A next step of nobody, which no claim could take, would bar its lane for ever."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(Queue(1, ""), 1)], term=term, now=NOW)
    made = intent(claim)
    await ledger.begin([made], term=term)
    await ledger.recover(term=term + 1, now=NOW)
    done = outcome(made, next_step=follow_up(made, NOW))
    async with db.connection() as connection:
        async with connection.transaction():
            await connection.execute(sql.text("record_outcomes"), as_json([done]))
            erasing = asyncio.create_task(erase(db, ERASER, ANN, author="op", now=NOW))
            await wait_for_lock(db)
    await erasing
    assert await rows(db, "SELECT 1 FROM send") == []


async def test_an_event_and_the_erasure_of_its_person_never_deadlock(
    db: Database,
) -> None:
    """Both take the person before they bar intents; who is second finds nobody."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
    async with db.connection() as holder:
        async with holder.transaction():
            await holder.execute("SELECT FROM lease FOR SHARE")
            erasing = asyncio.create_task(erase(db, ERASER, ANN, author="op", now=NOW))
            await wait_for_lock(db)
            noting = asyncio.create_task(happens(db, Happening.ANSWERED, ANN))
            await wait_for_lock(db, 2)
    await asyncio.gather(noting, erasing)
    assert await rows(db, "SELECT 1 FROM contact UNION SELECT 2 FROM event") == []


async def test_what_happened_to_somebody_who_is_just_erased_happened_to_nobody(
    db: Database,
) -> None:
    """Found, and then gone: it is no error."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
        async with connection.transaction():
            await connection.execute("DELETE FROM send")
            await connection.execute("DELETE FROM enrolment")
            await connection.execute("DELETE FROM contact")
            noting = asyncio.create_task(happens(db, Happening.ANSWERED, ANN))
            await wait_for_lock(db)
    assert not (await noting).is_new


async def test_what_comes_back_for_somebody_who_is_just_erased_is_about_nobody(
    db: Database,
) -> None:
    """Found, and then gone: neither the address nor a name of a row is kept."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
    values = (b"f", NOW, "imap", "dsn", "", "hard_no_user", "5.1.1", ANN, None)
    about = (1, 1, 1, 1, 1, 1, "token")
    async with db.connection() as connection, db.connection() as other:
        async with connection.transaction():
            await connection.fetchrow(sql.text("forget_person"), [1])
            put = sql.text("put_notice")
            putting = asyncio.create_task(other.fetchrow(put, *values, *about))
            await wait_for_lock(db)
        await putting
    told = await rows(db, "SELECT diagnostic, send_id, contact_id FROM notice")
    assert told == [(None, None, None)]


async def test_the_address_of_somebody_who_is_just_erased_is_not_entered(
    db: Database,
) -> None:
    """A click that found the person: the keyed hash bars the address already."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
        async with connection.transaction():
            await connection.fetchrow(sql.text("forget_person"), [1])
            leaving = asyncio.create_task(PgSuppressions(db).opt_out(1, "page", NOW))
            await wait_for_lock(db)
    assert await leaving is not None
    assert await rows(db, "SELECT target FROM suppression") == []


async def test_an_erasure_walks_indexes_alone_while_intents_wait(db: Database) -> None:
    """The lists of people, letters and entries may be long; none is read whole."""
    under_the_gate = {
        "lock_letters": "'{1}'",
        "hide_address": f"'{ANN}', '#h'",
        "forget_person": "'{1}'",
    }
    async with db.connection() as connection:
        await connection.execute("SET enable_seqscan = off")
        for name, values in under_the_gate.items():
            await connection.execute(f"PREPARE e_{name} AS {sql.text(name)}")
            plan = await connection.fetch(f"EXPLAIN EXECUTE e_{name}({values})")
            assert "Seq Scan" not in str(plan), name
        key = "EXPLAIN SELECT FROM enrolment WHERE contact_id = 1"  # of `contact`
        assert "Seq Scan" not in str(await connection.fetch(key))
        await connection.execute("RESET enable_seqscan")


async def test_people_are_found_by_address_without_reading_them_all(
    db: Database,
) -> None:
    """Each mail that names no letter asks so, and each erasure."""
    questions = {
        "sends_to_people": f"'{{{ANN}}}', NULL, '{NOW}'",
        "find_sends": f"'{ANN}', NULL",
        "lock_people": f"'{ANN}'",
        "person_contacts": f"'{ANN}'",
    }
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "INSERT INTO contact (client_id, email)"
            " SELECT 1, 'p' || i || '@corp.example' FROM generate_series(1, 3000) i"
        )
        await connection.execute("ANALYZE contact, client")
        for name, values in questions.items():
            await connection.execute(f"PREPARE a_{name} AS {sql.text(name)}")
            plan = await connection.fetch(f"EXPLAIN EXECUTE a_{name}({values})")
            told = "\n".join(row[0] for row in plan)
            assert re.search(r"Index Cond: .*client_id = .*email = ", told), told
