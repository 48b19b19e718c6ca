"""Laws that only two connections at once can break: each interleaving is forced.

A transaction holds what the first of two must pass, so that both are under way; what
is known when both have ended is the law. Nothing here sleeps.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from outreachd.rules.contact_row import NewContact
from outreachd.rules.model import MailboxGone
from outreachd.rules.records import Queue, Want
from outreachd.rules.stops import Happening
from outreachd.rules.suppression import Eraser
from outreachd.store import sql
from outreachd.store.consent import PgConsent
from outreachd.store.contacts import Target, enrol, find_target
from outreachd.store.database import Database
from outreachd.store.events import Ended, PgEvents, Whom
from outreachd.store.fleet import apply
from outreachd.store.ledger_rows import as_json
from outreachd.store.person import erase
from outreachd.store.suppressions import PgSuppressions
from outreachd.store.vault import Vault
from tests.fleets import ANN as BOX
from tests.fleets import BEN as BOX_LOST
from tests.fleets import SPRING, WHOLE, fleet, with_pool
from tests.store.locks import wait_for_lock
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
ERASER = Eraser([b"k" * 32])
VAULT = Vault(b"k" * 32)
ANN, BEN = "ann@corp.example", "ben@corp.example"


def contact(email: str) -> NewContact:
    return NewContact(
        line=2,
        email=email,
        timezone="Europe/Berlin",
        variables={},
        consent_basis="asked",
        consent_source=None,
        consent_at=None,
    )


async def rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    async with db.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def imported(db: Database, campaign: str, *emails: str) -> None:
    async with db.connection() as connection:
        people = [contact(email) for email in emails]
        target = await target_of(db, campaign)
        await enrol(connection, target, people, now=NOW, eraser=ERASER)


async def target_of(db: Database, campaign: str) -> Target:
    async with db.connection() as connection:
        target = await find_target(connection, campaign)
    assert target is not None
    return target


async def happens(db: Database, what: Happening, email: str) -> Ended:
    return await PgEvents(db).happened(
        what, Whom(address=email), source="test", author="test", now=NOW
    )


# --- erasure ------------------------------------------------------------------------


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


# --- what a stop does not see -------------------------------------------------------


async def test_a_yes_that_is_being_kept_does_not_outlive_a_stop(db: Database) -> None:
    """The first letter it sets off is not yet committed when the company answers."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "UPDATE campaign SET confirmation = '{}', stop_company = true"
        )
    await imported(db, "spring", ANN, BEN)
    async with db.connection() as connection:
        async with connection.transaction():
            await connection.fetch(sql.text("confirm_person"), 1, NOW)
            noting = asyncio.create_task(happens(db, Happening.ANSWERED, BEN))
            await wait_for_lock(db)
    await noting
    assert {state for (state,) in await rows(db, "SELECT state FROM send")} == {
        "cancelled"
    }


async def test_a_late_proof_that_is_being_written_does_not_outlive_a_stop(
    db: Database,
) -> None:
    """Its next step is not yet committed when the person answers."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(Queue(1, ""), 1)], term=term, now=NOW)
    made = intent(claim)
    await ledger.begin([made], term=term)
    await ledger.recover(term=term + 1, now=NOW)
    await ledger.settle_uncertain(now=NOW, before=NOW + HOUR)
    assert await rows(db, "SELECT state FROM send") == [("held",)]
    done = outcome(made, next_step=follow_up(made, NOW + HOUR))
    async with db.connection() as connection:
        async with connection.transaction():
            await connection.execute(sql.text("record_outcomes"), as_json([done]))
            noting = asyncio.create_task(happens(db, Happening.ANSWERED, ANN))
            await wait_for_lock(db)
    await noting
    states = await rows(db, "SELECT state FROM send ORDER BY id")
    assert states == [("sent",), ("cancelled",)]


# --- a yes, and an import that asks for it ------------------------------------------


async def test_a_yes_said_during_an_import_that_asks_for_it_counts_for_it_too(
    db: Database,
) -> None:
    """Nobody waits for ever for a yes that was said: the next one would do nothing."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute("UPDATE campaign SET confirmation = '{}'")
    await imported(db, "spring", ANN)
    target = await target_of(db, "autumn")
    async with db.connection() as connection:
        async with connection.transaction():
            await enrol(connection, target, [contact(ANN)], now=NOW, eraser=ERASER)
            saying = asyncio.create_task(PgConsent(db).confirm(1, "page", NOW))
            await wait_for_lock(db)
    assert await saying == 2
    assert await rows(db, "SELECT DISTINCT state FROM enrolment") == [("active",)]


# --- doubt, and the proof that ends it ----------------------------------------------


async def test_what_is_just_proven_to_have_arrived_is_not_sent_again(
    db: Database,
) -> None:
    """The policy judged without the proof: it leaves alone what has changed since."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN, campaign_id=2)  # "resend"
        await connection.execute(
            "INSERT INTO step (campaign_id, number, body_text, delay, delay_unit)"
            " VALUES (2, 2, 'And?', 1, 'hours')"
        )
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(Queue(2, ""), 1)], term=term, now=NOW)
    await ledger.begin([intent(claim)], term=term)
    await ledger.recover(term=term + 1, now=NOW)
    async with db.connection() as connection:
        async with connection.transaction():
            settle = sql.text("settle_arrived")
            await connection.execute(settle, 1, "replied", NOW + HOUR, False)
            judging = asyncio.create_task(
                ledger.settle_uncertain(now=NOW + 2 * HOUR, before=NOW)
            )
            await wait_for_lock(db)
    await judging
    assert await rows(db, "SELECT state, resends FROM send") == [("uncertain", 0)]


# --- the order of locks -------------------------------------------------------------


async def test_putting_aside_and_ending_what_is_stale_never_deadlock(
    db: Database,
) -> None:
    """Both take letters before enrolments, as all do: the second passes them over."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
        await connection.execute("UPDATE campaign SET useful_for_s = 1")
    ledger, _, _ = await owner_of(db)
    async with db.connection() as holder, db.connection() as other:
        async with holder.transaction():
            await holder.execute("SELECT FROM enrolment FOR UPDATE")
            aside = sql.text("put_aside")
            putting = asyncio.create_task(other.fetchrow(aside, [1], NOW))
            await wait_for_lock(db)
            assert await ledger.expire_stale(now=NOW + HOUR, at_most=10) == 0
        await putting
    assert await rows(db, "SELECT state FROM enrolment") == [("stopped",)]


# --- imports, while the fleet is applied --------------------------------------------


async def test_an_import_follows_a_calendar_that_was_applied_meanwhile(
    db: Database,
) -> None:
    """Its letters would lie by the old one after all others had been moved."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        target = await target_of(db, "spring")
        await connection.execute(
            'UPDATE campaign SET calendar = calendar || \'{"timezone": "recipient"}\''
        )
        await enrol(connection, target, [contact(ANN)], now=NOW)
    assert await rows(db, "SELECT place FROM send") == [("Europe/Berlin",)]


async def test_a_changed_campaign_waits_for_the_people_who_are_just_enrolled(
    db: Database,
) -> None:
    """Whoever then moves what waits sees their letters."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    target = await target_of(db, "spring")
    async with db.connection() as connection, db.connection() as other:
        async with connection.transaction():
            await enrol(connection, target, [contact(ANN)], now=NOW)
            unplace = sql.text("unplace_campaigns")
            applying = asyncio.create_task(other.execute(unplace, ["spring"]))
            await wait_for_lock(db)
        await applying


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


async def test_an_apply_has_ended_before_it_moves_the_letters_of_lost_mailboxes(
    db: Database,
) -> None:
    """Thousands of letters are not locked until the last of them is moved."""
    spring = replace(with_pool(BOX), mailbox_gone=MailboxGone.STAND_IN)
    async with db.connection() as connection:
        both = replace(SPRING, mailbox_gone=MailboxGone.STAND_IN)
        await apply(connection, fleet(*WHOLE[:-1], both), VAULT, now=NOW, author="t")
        lost = "SELECT id FROM mailbox WHERE address LIKE 'ben@%'"
        mailbox_id = await connection.fetchval(lost)
        await add_send(connection, ANN, mailbox_id=mailbox_id)
    left = fleet(*(thing for thing in WHOLE[:-1] if thing != BOX_LOST), spring)
    async with db.connection() as holder, db.connection() as other:
        async with holder.transaction():
            await holder.execute("SELECT FROM send FOR UPDATE")
            applying = asyncio.create_task(
                apply(other, left, VAULT, now=NOW, author="t")
            )
            await wait_for_lock(db)
            retired = "SELECT retired FROM mailbox WHERE address LIKE 'ben@%'"
            assert await rows(db, retired) == [(True,)]
        await applying
    assert await rows(db, "SELECT reason FROM send") == [("stand_in",)]
