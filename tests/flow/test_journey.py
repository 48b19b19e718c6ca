"""The laws of one send: no DATA without a granted intent, one outcome after it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from outreachd.rules.attachment import attachment
from outreachd.rules.model import Kind, Phase, Reply, State
from outreachd.rules.records import LeaseLostError
from tests.fake_ledger import Row
from tests.fakes import ACCEPTED, NO_ANSWER, Plan, settle
from tests.flow.world import World
from tests.rosters import MONDAY, campaign, mailbox, roster, step

P = "p0@x.example"


def world_of_one(text: str = "Hi.") -> World:
    world = World(roster(mailbox(), campaign(steps=(step(text=text),))))
    world.add(1)
    return world


def the_row(world: World) -> Row:
    return world.ledger.rows[1]


async def test_a_letter_goes_through_all_stations() -> None:
    """Claimed, written, opened, intended, delivered, recorded: sent, once."""
    world = world_of_one()
    await world.run_for(minutes=1)
    row = the_row(world)
    [letter] = world.carrier.delivered
    assert (row.state, row.reason, row.attempts) == (State.SENT, "delivered", 1)
    assert row.message_id is not None
    assert row.message_id.encode() in letter.message
    assert world.ledger.attempts == {row.attempt_id: (1, State.SENT)}


async def test_a_missing_variable_holds_the_send_by_name() -> None:
    """Nothing is mailed blank: no transaction is even opened."""
    world = world_of_one("Hi {{ first_name }}.")
    await world.run_for(minutes=1)
    row = the_row(world)
    assert (row.state, row.reason) == (State.HELD, "missing_variable")
    assert "first_name" in (row.detail or "")
    assert world.carrier.opened == []


async def test_a_letter_changed_after_an_attempt_is_held() -> None:
    """What may have arrived in one wording is not repeated in another."""
    again = Plan(answer=Reply(Phase.DOT, 451, "4.3.0 later"))
    world = world_of_one()
    world.carrier.plan(P, again)
    async with world.running():
        await world.clock.sleep(60)
        first = the_row(world)
        assert (first.state, first.attempts) == (State.SCHEDULED, 1)
        assert first.mailbox_id == 1
        world.apply(roster(mailbox(), campaign(steps=(step(text="Other."),))))
        await world.clock.sleep(86_400)
    assert (the_row(world).state, the_row(world).reason) == (
        State.HELD,
        "letter_changed",
    )
    assert world.carrier.delivered == []


async def test_every_attempt_is_the_same_letter() -> None:
    """Message-ID, Date and bytes do not change from try to try."""
    again = Plan(answer=Reply(Phase.DOT, 451, "4.3.0 later"))
    world = world_of_one()
    world.carrier.plan(P, again, again)
    async with world.running():
        await world.clock.sleep(60)
        before = the_row(world).message_id, the_row(world).letter_sha256
        await world.clock.sleep(2 * 86_400)
    row = the_row(world)
    assert (row.state, row.attempts) == (State.SENT, 3)
    assert (row.message_id, row.letter_sha256) == before
    assert (
        b"Date: Mon, 02 Mar 2026 09:00:00 +0000" in world.carrier.delivered[0].message
    )


@pytest.mark.parametrize(
    ("phase", "code", "text", "state", "reason"),
    [
        (Phase.CONNECT, 0, "refused", State.SCHEDULED, "soft_network"),
        (Phase.RCPT, 550, "5.1.1 no such user", State.FAILED, "hard_no_user"),
        (Phase.RCPT, 450, "4.2.0 greylisted", State.SCHEDULED, "soft_greylist"),
        (Phase.MAIL, 550, "5.7.1 sender rejected", State.SCHEDULED, "sender_rejected"),
    ],
)
async def test_a_refusal_before_data_writes_no_intent(
    phase: Phase, code: int, text: str, state: State, reason: str
) -> None:
    """SMTP 1, 7, 8, 9: judged, counted as a try, and nothing was sent."""
    world = world_of_one()
    world.carrier.plan(P, Plan(opening=Reply(phase, code, text)))
    await world.run_for(seconds=50)
    row = the_row(world)
    assert (row.state, row.reason, row.attempts) == (state, reason, 1)
    assert "begin" not in world.ledger.calls
    assert (P in world.ledger.suppressed) == (reason == "hard_no_user")
    assert row.mailbox_id == (1 if phase is Phase.RCPT else None)
    assert world.pool.lanes[1].standing.day.used == 0


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (ACCEPTED, State.SENT),
        (NO_ANSWER, State.UNCERTAIN),
        (Reply(Phase.DOT, 554, "5.7.1 spam"), State.FAILED),
        (Reply(Phase.DOT, 451, "4.3.0 later"), State.SCHEDULED),
        (Reply(Phase.DATA, 0, "lost"), State.SCHEDULED),
    ],
)
async def test_each_answer_after_data_is_recorded(answer: Reply, state: State) -> None:
    """SMTP 12, 14, 16, 21: sent, doubtful, failed or again; the gap counts in all."""
    world = world_of_one()
    world.carrier.plan(P, Plan(answer=answer))
    await world.run_for(seconds=50)
    assert the_row(world).state is state
    assert [s for _, s in world.ledger.attempts.values()] == [state]
    assert world.pool.lanes[1].standing.day.used == 1


async def test_a_paused_intent_abandons_the_transaction() -> None:
    """76: a pause that the pool has not heard of stops the letter before DATA."""
    world = world_of_one()
    world.ledger.pauses.add((Kind.MAILBOX, 1))
    await world.run_for(seconds=3)
    row = the_row(world)
    assert len(world.carrier.abandoned) == 1
    assert (row.state, row.reason, row.attempts) == (State.SCHEDULED, "paused", 0)
    assert row.due_at == MONDAY + timedelta(seconds=5)


async def test_a_suppressed_intent_ends_the_send() -> None:
    """77: who opted out after the claim gets nothing."""
    world = world_of_one()
    claim = world.ledger.claim

    async def claim_and_opt_out(*args: Any, **more: Any) -> Any:
        rows = await claim(*args, **more)
        world.ledger.suppressed.add(P)
        return rows

    world.ledger.claim = claim_and_opt_out  # type: ignore[method-assign]
    await world.run_for(minutes=1)
    assert len(world.carrier.abandoned) == 1
    assert (the_row(world).state, the_row(world).reason) == (
        State.SUPPRESSED,
        "suppressed",
    )


async def test_a_capped_intent_teaches_the_pool() -> None:
    """A day that is full in the ledger is not tried row after row without a gap."""
    world = World(roster(mailbox(daily_limit=5, min_gap_s=60.0), campaign()))
    world.add(50)
    world.ledger.usage[Kind.MAILBOX, 1, MONDAY.date()] = 5
    await world.run_for(hours=3)
    assert world.carrier.delivered == []
    assert len(world.carrier.abandoned) == 5
    assert world.ledger.states() == {State.SCHEDULED: 50}


async def test_a_row_that_is_gone_is_left_alone() -> None:
    """Cancelled or taken over since the claim: nothing is sent, nothing is written."""
    world = world_of_one()
    world.ledger.fail("begin", error=LeaseLostError("over"))
    async with world.running():
        await world.clock.sleep(2)
        assert len(world.carrier.abandoned) == 1
        assert (the_row(world).state, the_row(world).attempts) == (State.SCHEDULED, 0)
    assert world.carrier.delivered == []


@pytest.mark.parametrize("written", [True, False])
async def test_an_intent_without_an_answer_is_not_acted_on(written: bool) -> None:
    """53: whether it was written or not, DATA is not said and the row goes again."""
    world = world_of_one()
    world.ledger.fail("begin", after=written)
    async with world.running():
        await world.clock.sleep(2)
        assert len(world.carrier.abandoned) == 1
        row = the_row(world)
        assert (row.state, row.reason) == (State.SCHEDULED, "ledger_away")
        assert row.attempts == written
        assert world.pool.lanes[1].standing.day.used == 1
        await world.clock.sleep(600)
    assert the_row(world).state is State.SENT
    assert len(world.carrier.delivered) == 1


async def test_a_letter_with_files_waits_for_a_database_that_is_away() -> None:
    """It goes back uncounted, and out with its files once they can be read."""
    content = b"%PDF-1.7 offer"
    offer = attachment("offer.pdf", content)
    world = World(roster(mailbox(), campaign(steps=(step(attachments=(offer,)),))))
    world.add(1)
    world.contents.is_away = True
    async with world.running():
        await world.clock.sleep(30)
        row = the_row(world)
        assert (row.state, row.attempts) == (State.SCHEDULED, 0)
        assert world.carrier.opened == []
        world.contents.files[offer.sha256] = content
        world.contents.is_away = False
        await world.clock.sleep(60)
    assert the_row(world).state is State.SENT
    [letter] = world.carrier.delivered
    assert b'filename="offer.pdf"' in letter.message


async def test_who_loses_the_fleet_before_the_server_wants_the_letter_breaks_off() -> (
    None
):
    """Process 62: begun in trust, not finished without; the attempt is not an end."""
    answers = asyncio.Event()
    world = world_of_one()
    world.carrier.plan(P, Plan(before_answer=answers))
    async with world.running():
        while the_row(world).state is not State.SENDING:
            await settle()
        world.is_trusted = False
        answers.set()
        while the_row(world).state is State.SENDING:
            await settle()
    row = the_row(world)
    assert world.carrier.delivered == []
    assert (row.state, row.reason, row.attempts) == (State.SCHEDULED, "soft_network", 1)
