"""The laws of events: noted once, and nothing of what they end goes out any more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from outreachd.rules.model import Claim, State
from outreachd.rules.records import IntentAnswer, Queue, Want
from outreachd.rules.stops import PILED_UP, Happening
from outreachd.store.database import Database
from outreachd.store.events import Ended, PgEvents, Whom
from outreachd.store.ledger import PgLedger
from outreachd.store.steering import NoSuchError
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
DAY = timedelta(days=1)
ENDING = [what for what in Happening if what is not Happening.AUTO_REPLIED]
ONE_OFF = (
    "INSERT INTO one_off (subject, body_text, author, at)"
    " VALUES ('S', 'T', 'test', now()) RETURNING id"
)
ANN = Whom(address="ann@corp.example")


async def people(db: Database, *emails: str, **values: Any) -> list[int]:
    """Enrol people in both campaigns; tell their sends, campaign by campaign."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        return [
            await add_send(connection, email, campaign_id=campaign_id, **values)
            for campaign_id in (1, 2)
            for email in emails
        ]


async def happens(
    db: Database, what: Happening, whom: Whom = ANN, **values: Any
) -> Ended:
    told: dict[str, Any] = {"source": "test", "author": "ann", "now": NOW} | values
    return await PgEvents(db).happened(what, whom, **told)


async def rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    async with db.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def sends(db: Database) -> list[tuple[Any, ...]]:
    return await rows(db, "SELECT state, reason FROM send ORDER BY id")


async def claimed(db: Database) -> tuple[PgLedger, int, Claim]:
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(Queue(1, ""), 1)], term=term, now=NOW)
    return ledger, term, claim


@pytest.mark.parametrize("what", ENDING)
async def test_what_happens_to_a_person_ends_all_that_waits_for_it(
    db: Database, what: Happening
) -> None:
    """In every campaign of the client; nobody else's; enrolments say why."""
    await people(db, "ann@corp.example", "ben@corp.example")
    ended = await happens(db, what)
    assert ended == Ended(people=1, is_new=True, enrolments=2, sends=2)
    assert await sends(db) == 2 * [("cancelled", what.value), ("scheduled", None)]
    assert await rows(db, "SELECT state, reason FROM enrolment ORDER BY id") == 2 * [
        ("stopped", what.value),
        ("active", None),
    ]


@pytest.mark.parametrize("what", list(Happening))
async def test_the_same_event_twice_changes_nothing(
    db: Database, what: Happening
) -> None:
    """No second row, no second audit, and what began anew meanwhile goes on."""
    await people(db, "ann@corp.example")
    assert (await happens(db, what)).is_new
    async with db.connection() as connection:
        await add_send(connection, "ann@corp.example", step_number=2)
    before = await rows(db, "SELECT s::text FROM send s ORDER BY id")
    assert await happens(db, what, now=NOW + HOUR) == Ended(people=1)
    assert await rows(db, "SELECT s::text FROM send s ORDER BY id") == before
    assert await rows(db, "SELECT what FROM event") == [(what.value,)]
    assert await rows(db, "SELECT author, action FROM audit") == [("ann", what.value)]


async def test_a_person_is_found_by_letter_enrolment_or_address(db: Database) -> None:
    """Whoever hears of an event knows one of them; the event names the letter."""
    [first, *_] = await people(db, "ann@corp.example", "ben@corp.example")
    by_letter = await happens(db, Happening.ANSWERED, Whom(send_id=first))
    by_enrolment = await happens(db, Happening.ANSWERED, Whom(enrolment_id=2))
    nobody = await happens(db, Happening.ANSWERED, Whom(address="zoe@corp.example"))
    assert (by_letter.sends, by_enrolment.sends, nobody) == (2, 2, Ended())
    assert await rows(db, "SELECT contact_id, send_id FROM event ORDER BY id") == [
        (1, first),
        (2, None),
    ]


async def test_an_address_is_a_person_of_each_client(db: Database) -> None:
    """Without a client of all of them, with one of that one; a wrong name is told."""
    await people(db, "ann@corp.example")
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO client (name, share, postal_address, timezone)"
            " VALUES ('bolt', 1, 'Bolt', 'UTC')"
        )
        await connection.execute(
            "INSERT INTO contact (client_id, email) VALUES (2, 'ann@corp.example')"
        )
    with pytest.raises(NoSuchError, match="there is no client 'nobody'"):
        await happens(
            db, Happening.ANSWERED, Whom(address="a@b.example", client="nobody")
        )
    bolt = Whom(address="ann@corp.example", client="bolt")
    assert await happens(db, Happening.ANSWERED, bolt) == Ended(1, is_new=True)
    both = await happens(db, Happening.ANSWERED)
    assert (both.people, both.sends) == (2, 2)


async def test_one_answer_stops_a_company_where_the_campaign_says_so(
    db: Database,
) -> None:
    """Colleagues in that campaign alone; other companies and free mail go on."""
    emails = ("ann@corp.example", "ben@corp.example", "cat@else.example")
    await people(db, *emails, "dan@gmail.com", "eve@gmail.com")
    async with db.connection() as connection:
        await connection.execute("UPDATE campaign SET stop_company = true WHERE id = 1")
    ended = await happens(db, Happening.ANSWERED)
    assert (ended.sends, ended.enrolments) == (3, 3)
    await happens(db, Happening.ANSWERED, Whom(address="dan@gmail.com"))
    by_person = await rows(
        db,
        "SELECT split_part(c.email, '@', 1), s.campaign_id, s.reason FROM send s"
        " JOIN contact c ON c.id = s.contact_id WHERE s.state = 'cancelled'"
        " ORDER BY 1, 2",
    )
    assert by_person == [
        ("ann", 1, "answered"),
        ("ann", 2, "answered"),
        ("ben", 1, "company_stopped"),
        ("dan", 1, "answered"),
        ("dan", 2, "answered"),
    ]


async def test_what_is_being_made_ready_is_not_written(db: Database) -> None:
    """A leased row is cancelled: its intent finds it gone, giving it back is vain."""
    await people(db, "ann@corp.example")
    ledger, term, claim = await claimed(db)
    assert (await happens(db, Happening.ANSWERED)).sends == 2
    assert await ledger.begin([intent(claim)], term=term) == [IntentAnswer.GONE]
    assert {state for state, _ in await sends(db)} == {"cancelled"}


async def under_way(db: Database) -> tuple[PgLedger, int, Any]:
    await people(db, "ann@corp.example")
    ledger, term, claim = await claimed(db)
    made = intent(claim)
    assert await ledger.begin([made], term=term) == [IntentAnswer.GRANTED]
    return ledger, term, made


async def test_a_letter_under_way_sets_nothing_off_after_a_stop(db: Database) -> None:
    """It is accepted and told so, but no next step comes of it."""
    ledger, _, made = await under_way(db)
    await happens(db, Happening.ANSWERED)
    done = outcome(made, next_step=follow_up(made, NOW + HOUR))
    await ledger.record([done])
    assert (await sends(db))[0] == ("sent", "delivered")
    assert len(await sends(db)) == 2
    assert (await rows(db, "SELECT state FROM enrolment"))[0] == ("stopped",)


async def test_a_letter_refused_for_now_is_not_tried_again_after_a_stop(
    db: Database,
) -> None:
    """What would be due again is cancelled, in the words of what happened."""
    ledger, _, made = await under_way(db)
    await happens(db, Happening.COMPLAINED)
    later = outcome(made, State.SCHEDULED, due_at=NOW + HOUR, reason="deferred")
    await ledger.record([later])
    assert (await sends(db))[0] == ("cancelled", "complained")


@pytest.mark.parametrize("campaign_policy", ["hold", "resend"])
async def test_a_letter_without_an_answer_is_not_repeated_after_a_stop(
    db: Database, campaign_policy: str
) -> None:
    """Neither by policy nor by release; late proof that it arrived still counts."""
    ledger, _, made = await under_way(db)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE campaign SET on_uncertain = $1 WHERE id = 1", campaign_policy
        )
    await ledger.record([outcome(made, State.UNCERTAIN)])
    await happens(db, Happening.ANSWERED)
    settled = await ledger.settle_uncertain(now=NOW + HOUR, before=NOW + HOUR)
    assert settled == {State.CANCELLED: 1}
    assert (await sends(db))[0] == ("cancelled", "answered")
    await ledger.record([outcome(made, next_step=follow_up(made, NOW + HOUR))])
    assert (await sends(db))[0] == ("sent", "delivered")
    assert len(await sends(db)) == 2


async def test_a_next_step_that_is_just_being_written_is_ended_too(
    db: Database,
) -> None:
    """An outcome and an answer at once: whichever commits first, nothing waits."""
    for n in range(20):
        async with db.connection() as connection:
            if n == 0:
                await seed_fleet(connection)
            await add_send(connection, f"p{n}@corp.example")
    ledger, term, _ = await owner_of(db)
    claims = await ledger.claim([Want(Queue(1, ""), 20)], term=term, now=NOW)
    made = [intent(claim) for _, claim in claims]
    await ledger.begin(made, term=term)
    for one, (_, claim) in zip(made, claims, strict=True):
        done = outcome(one, next_step=follow_up(one, NOW + HOUR))
        whom = Whom(address=claim.email)
        await asyncio.gather(
            ledger.record([done]), happens(db, Happening.ANSWERED, whom)
        )
    states = await rows(db, "SELECT step_number, state FROM send")
    assert [state for step, state in states if step == 1] == ["sent"] * 20
    assert {state for step, state in states if step == 2} <= {"cancelled"}


async def test_an_auto_reply_lets_all_wait_for_the_return(db: Database) -> None:
    """A day after it, in all campaigns; the sequence goes on and nothing expires."""
    await people(db, "ann@corp.example")
    ledger, term, claim = await claimed(db)
    back = NOW + 10 * DAY
    ended = await happens(db, Happening.AUTO_REPLIED, until=back)
    assert ended == Ended(people=1, is_new=True, deferred=2)
    assert await ledger.begin([intent(claim)], term=term) == [IntentAnswer.GONE]
    query = "SELECT state, reason, due_at, first_due_at FROM send"
    due = back + PILED_UP
    assert await rows(db, query) == 2 * [("scheduled", "out_of_office", due, due)]
    assert {s for (s,) in await rows(db, "SELECT state FROM enrolment")} == {"active"}


async def test_a_letter_under_way_to_somebody_away_is_followed_after_the_return(
    db: Database,
) -> None:
    """The next step is due no sooner than that."""
    ledger, _, made = await under_way(db)
    await happens(db, Happening.AUTO_REPLIED, until=NOW + 10 * DAY)
    await ledger.record([outcome(made, next_step=follow_up(made, NOW + DAY))])
    [(due_at,)] = await rows(db, "SELECT due_at FROM send WHERE step_number = 2")
    assert due_at == NOW + 10 * DAY + PILED_UP


async def test_held_letters_keep_their_reason_and_wait_for_the_return(
    db: Database,
) -> None:
    """A person still decides; what was due later than the return stays so."""
    await people(db, "ann@corp.example", state="held", reason="bug")
    async with db.connection() as connection:
        await add_send(connection, "ann@corp.example", NOW + 90 * DAY, step_number=2)
    await happens(db, Happening.AUTO_REPLIED, until=NOW + DAY)
    query = "SELECT state, reason, due_at > '2026-05-01' FROM send ORDER BY id"
    assert await rows(db, query) == [
        ("held", "bug", False),
        ("held", "bug", False),
        ("scheduled", None, True),
    ]


async def test_a_person_who_says_so_again_ends_what_began_since(db: Database) -> None:
    """An answer noted long ago does not keep a new campaign's letters alive."""
    await people(db, "ann@corp.example")
    await happens(db, Happening.ANSWERED)
    async with db.connection() as connection:
        await add_send(connection, "ann@corp.example", step_number=2)
    again = await happens(db, Happening.ANSWERED, even_if_known=True)
    assert again == Ended(people=1, is_new=False, enrolments=1, sends=1)
    assert await rows(db, "SELECT count(*) FROM event") == [(1,)]


@pytest.mark.parametrize(
    ("what", "state"),
    [
        (Happening.ANSWERED, "scheduled"),
        (Happening.AUTO_REPLIED, "scheduled"),
        (Happening.OPTED_OUT, "cancelled"),
        (Happening.BOUNCED, "cancelled"),
    ],
)
async def test_a_letter_that_was_ordered_singly_outlives_an_answer(
    db: Database, what: Happening, state: str
) -> None:
    """It is of no sequence: only who is not to be written to gets none."""
    await people(db, "ann@corp.example")
    async with db.connection() as connection:
        one_off = await connection.fetchval(ONE_OFF)
        await add_send(
            connection, "ann@corp.example", step_number=1001, content_id=one_off
        )
    await happens(db, what, until=NOW + DAY)
    query = "SELECT state, due_at FROM send WHERE content_id IS NOT NULL"
    assert await rows(db, query) == [(state, NOW)]


async def until_waiting(db: Database, count: int) -> None:
    """Wait until so many statements wait for a row that somebody holds."""
    question = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(90):
        while await rows(db, question) != [(count,)]:
            pass


@pytest.mark.parametrize("is_stop_first", [True, False])
@pytest.mark.parametrize("state", [State.SENT, State.SCHEDULED])
async def test_an_outcome_that_began_before_a_stop_sets_nothing_off(
    db: Database, state: State, is_stop_first: bool
) -> None:
    """Its picture of the enrolment is older than the stop: the row itself says so."""
    ledger, _, made = await under_way(db)
    after = {"next_step": follow_up(made, NOW + HOUR)}
    later = {"due_at": NOW + HOUR, "reason": "deferred"}
    done = outcome(made, state, **(after if state is State.SENT else later))
    async with db.connection() as holder:
        async with holder.transaction():
            await holder.execute("SELECT FROM send WHERE id = 1 FOR UPDATE")
            tasks: list[asyncio.Task[Any]] = []
            for n in (1, 2):
                if is_stop_first == (n == 1):
                    stop = happens(db, Happening.ANSWERED)
                    tasks.append(asyncio.create_task(stop))
                else:
                    tasks.append(asyncio.create_task(ledger.record([done])))
                await until_waiting(db, n)
    await asyncio.gather(*tasks)
    states = {state for state, _ in await sends(db)}
    assert states <= {"sent", "cancelled"}
    assert len(await sends(db)) <= (3 if state is State.SENT else 2)
