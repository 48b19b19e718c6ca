"""Laws that only two connections at once can break: each interleaving is forced.

A transaction holds what the first of two must pass, so that both are under way; what
is known when both have ended is the law. Nothing here sleeps.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from outreachd.rules.model import MailboxGone
from outreachd.rules.records import Intent, LeaseLostError, OneOff, Queue, Want
from outreachd.rules.stops import Happening
from outreachd.store import sql
from outreachd.store.consent import PgConsent
from outreachd.store.contacts import enrol
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.holds import Choice, PgHolds
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
from outreachd.store.ledger_rows import as_json
from outreachd.store.one_offs import Order, order
from outreachd.store.suppressions import PgSuppressions
from outreachd.store.vault import Vault
from tests.fleets import ANN as BOX
from tests.fleets import BEN as BOX_LOST
from tests.fleets import SPRING, WHOLE, fleet, with_pool
from tests.store.locks import wait_for_lock
from tests.store.races import (
    ANN,
    BEN,
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

HOUR = timedelta(hours=1)
VAULT = Vault(b"k" * 32)


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


# --- a takeover -----------------------------------------------------------------------


async def begun(db: Database, **values: Any) -> tuple[PgLedger, int, UUID, Intent]:
    """Claim a letter to Ann and make its intent; nothing of that is written."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN, **values)
    ledger, term, owner = await owner_of(db)
    [(_, claim)] = await ledger.claim(
        [Want(Queue(values.get("campaign_id", 1), ""), 1)], term=term, now=NOW
    )
    return ledger, term, owner, intent(claim)


async def test_a_takeover_waits_for_open_intents_and_doubts_them(db: Database) -> None:
    """What is begun when the lease changes hands is uncertain, never given back."""
    _, term, owner, made = await begun(db)
    standby = uuid4()
    async with db.connection() as connection:
        async with connection.transaction():
            begin = sql.text("begin_attempts")
            told = await connection.fetch(begin, as_json([made]), term, owner)
            assert dict(told) == {0: "fenced", 1: "granted"}
            taking = asyncio.create_task(PgLeases(db, standby, [owner]).take(60.0))
            await wait_for_lock(db)
    term = await taking or 0
    assert await PgLedger(db, standby).recover(term=term, now=NOW) == (0, 1)


async def test_an_intent_that_meets_a_takeover_in_the_making_is_none(
    db: Database,
) -> None:
    """It waits, and finds another owner: the letter goes back uncounted."""
    ledger, term, owner, made = await begun(db)
    async with db.connection() as connection:
        async with connection.transaction():
            take = sql.text("take_lease")
            new = await connection.fetchval(take, uuid4(), 60.0, [owner])
            beginning = asyncio.create_task(ledger.begin([made], term=term))
            await wait_for_lock(db)
    with pytest.raises(LeaseLostError):
        await beginning
    assert await ledger.recover(term=new, now=NOW) == (1, 0)
    assert await rows(db, "SELECT state, attempts FROM send") == [("scheduled", 0)]


# --- orders of people ---------------------------------------------------------------


async def test_a_resend_by_policy_does_not_overtake_a_stop(db: Database) -> None:
    """The stop is not yet committed when the doubt is judged: it ends the letter."""
    ledger, term, _, made = await begun(db, campaign_id=2)  # "resend"
    await ledger.begin([made], term=term)
    await ledger.recover(term=term + 1, now=NOW)
    async with db.connection() as connection:
        async with connection.transaction():
            stop = sql.text("stop_under_way")
            await connection.execute(stop, [1], [1], "answered", False)
            judging = asyncio.create_task(ledger.settle_uncertain(now=NOW, before=NOW))
            await wait_for_lock(db)
    await judging
    assert await rows(db, "SELECT state, reason FROM send") == [
        ("cancelled", "answered")
    ]


async def test_a_release_does_not_overtake_a_stop(db: Database) -> None:
    """The letter was held when it was chosen, and is cancelled when it is let go."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN, state="held", reason="uncertain")
        async with connection.transaction():
            stop = sql.text("stop_waiting")
            await connection.fetch(stop, [1], [1], "answered", False, NOW)
            release = PgHolds(db).release(Choice(), author="test", now=NOW)
            releasing = asyncio.create_task(release)
            await wait_for_lock(db)
    assert (await releasing).n == 0
    assert await rows(db, "SELECT state FROM send") == [("cancelled",)]


async def test_an_order_does_not_wait_for_an_event_that_is_being_noted(
    db: Database,
) -> None:
    """That may wait for an import that waits for the order: nobody would go on."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, ANN)
    letter = OneOff(subject="s", text="t", html=None, variables={})
    wanted = Order(
        campaign="spring",
        contact=contact(ANN),
        letter=letter,
        contents=[],
        due_at=NOW,
        author="test",
    )
    async with db.connection() as noting, db.connection() as ordering:
        async with noting.transaction():
            put = sql.text("put_event")
            await noting.execute(put, 1, None, "answered", None, "test", "test", NOW)
            async with ordering.transaction():
                await ordering.execute("SET LOCAL lock_timeout = 1")
                told = await order(ordering, wanted, ERASER, now=NOW)
    assert told["step_number"] == 1001


async def test_who_leaves_during_an_import_gets_no_letter(db: Database) -> None:
    """It asked who is barred before, and enrols after: the claim knows."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        for email in ("aaa@corp.example", ANN):
            await add_send(connection, email, state="expired")
    people = ("aaa@corp.example", ANN)
    async with db.connection() as holder:
        async with holder.transaction():
            await holder.execute("SELECT FROM contact WHERE id = 1 FOR UPDATE")
            importing = asyncio.create_task(imported(db, "autumn", *people))
            await wait_for_lock(db)
            assert await PgSuppressions(db).opt_out(2, "page", NOW)
    await importing
    ledger, term, _ = await owner_of(db)
    claims = await ledger.claim([Want(Queue(2, ""), 9)], term=term, now=NOW)
    assert [claim.email for _, claim in claims] == ["aaa@corp.example"]
    assert ("suppressed",) in await rows(db, "SELECT state FROM send")
