"""The feed while the ledger is away, the clock is set or the fleet changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from outreachd.rules.model import Claim, Kind, Phase, Reply, State
from outreachd.rules.records import Queue, Want
from tests.fake_ledger import FakeLedger
from tests.fakes import NO_ANSWER, Plan
from tests.flow.world import World
from tests.rosters import account, campaign, client, domain, mailbox, roster, step

IDS = (1, 2, 3)
CALLS = ("claim", "begin", "record", "give_back", "next_due", "queues")


def world_of_three() -> World:
    boxes = [mailbox(id) for id in IDS]
    return World(roster(*boxes, campaign(mailbox_ids=IDS, steps=(step(), step(2)))))


@pytest.mark.parametrize("after", [False, True], ids=["refused", "answer-lost"])
@pytest.mark.parametrize("times", [1, 7])
@pytest.mark.parametrize("call", CALLS)
async def test_a_ledger_that_is_away_loses_and_repeats_nothing(
    call: str, times: int, after: bool
) -> None:
    """46, 47, 53: whichever call fails, each person gets each letter once."""
    world = world_of_three()
    world.add(9)
    for n in range(0, 9, 3):  # these are given back first
        refusal = Reply(Phase.RCPT, 450, "4.2.0 greylisted, come back")
        world.carrier.plan(f"p{n}@x.example", Plan(opening=refusal))
    async with world.running():
        await world.clock.sleep(15)
        world.ledger.fail(call, times, after=after)
        await world.clock.sleep(6 * 3600)
    sent = world.carrier.recipients()
    assert sorted(sent) == sorted(f"p{i}@x.example" for i in range(9) for _ in "12")
    assert world.ledger.states() == {State.SENT: 18}
    assert world.feed.is_ledger_up
    assert world.journal.kept == []


async def test_known_outcomes_wait_in_the_journal() -> None:
    """48: the ledger is away for long: what is known is on disk, nothing starts."""
    world = world_of_three()
    world.add(9)
    world.carrier.takes_s = 5.0
    async with world.running():
        await world.clock.sleep(1)
        for call in CALLS:
            world.ledger.fail(call, 10_000)
        await world.clock.sleep(40)
        assert len(world.carrier.opened) == 3
        assert len(world.journal.kept) == 3
        world.ledger.heal()
        await world.clock.sleep(120)
        assert world.journal.kept == []
    assert len(world.carrier.delivered) == 9


async def test_a_bug_in_a_journey_holds_its_row_and_stops_nobody() -> None:
    """72: the poisoned send waits for a person; its neighbours go."""
    world = world_of_three()
    world.add(6)
    world.carrier.plan("p2@x.example", Plan(breaks=RuntimeError("poison")))
    await world.run_for(minutes=2)

    assert world.ledger.states()[State.HELD] == 1
    assert world.ledger.rows[3].reason == "bug"
    assert sorted(world.carrier.recipients()) == [
        f"p{i}@x.example" for i in (0, 1, 3, 4, 5)
    ]


async def test_no_answer_is_not_repeated() -> None:
    """SMTP 16: what may have arrived is uncertain and is not sent again."""
    world = world_of_three()
    world.add(3)
    world.carrier.plan("p1@x.example", Plan(answer=NO_ANSWER))
    await world.run_for(days=3)

    assert world.carrier.recipients().count("p1@x.example") == 1
    assert world.ledger.rows[2].state is State.UNCERTAIN


async def test_a_lost_claim_is_given_back_when_the_ledger_returns() -> None:
    """53: rows leased by a claim whose answer never came are claimed again."""
    world = world_of_three()
    world.add(3)
    world.ledger.fail("claim", after=True)
    async with world.running():
        await world.clock.sleep(0.5)
        assert world.ledger.states() == {State.LEASED: 3}
        await world.clock.sleep(30)
    assert world.ledger.calls["give_back_strays"] >= 1
    assert sorted(world.carrier.recipients())[:3] == [
        f"p{i}@x.example" for i in range(3)
    ]


async def test_a_claim_that_commits_late_is_found_by_polling() -> None:
    """49: rows leased after the strays were collected are not leased for ever."""
    world = world_of_three()
    [id] = world.add(1)
    row = world.ledger.rows[id]
    row.state, row.term = State.LEASED, world.ledger.term
    await world.run_for(minutes=20)
    assert row.state is State.SENT


async def test_a_claim_that_commits_late_is_found_among_hints_too() -> None:
    """49: letters that are ordered all the time do not put the look for strays off."""
    world = world_of_three()
    [id] = world.add(1)
    row = world.ledger.rows[id]
    row.state, row.term = State.LEASED, world.ledger.term
    async with world.running():
        for _ in range(400):
            world.feed.hint()
            await world.clock.sleep(1)
    assert row.state is State.SENT


class LockedLedger(FakeLedger):
    """Rows are due, but somebody else has them locked: no claim gets any."""

    async def claim(
        self, wants: Sequence[Want], *, term: int, now: datetime
    ) -> list[tuple[int | Queue, Claim]]:
        """Skip all."""
        self.calls["claim"] = self.calls.get("claim", 0) + 1
        return []


async def test_rows_that_are_locked_do_not_make_the_feed_spin() -> None:
    """What is due but cannot be claimed is asked for a few times a second at most."""
    world = World(roster(mailbox(), campaign()), ledger=LockedLedger())
    world.add(3)
    async with asyncio.timeout(90):
        await world.run_for(seconds=10)
    assert 1 < world.ledger.calls["claim"] <= 101


class PartlyLocked(FakeLedger):
    """Campaign 1 is locked by somebody else until the test says otherwise."""

    is_locked = True

    async def claim(
        self, wants: Sequence[Want], *, term: int, now: datetime
    ) -> list[tuple[int | Queue, Claim]]:
        """Skip what is locked."""
        free = [w for w in wants if not self.is_locked or w.source != Queue(1, "")]
        return await super().claim(free, term=term, now=now)


async def test_a_turn_that_came_to_nothing_costs_no_share() -> None:
    """Who could not be served is not behind afterwards: halves are halves."""
    ledger = PartlyLocked()
    clients = (client(1), client(2), campaign(1), campaign(2, client_id=2))
    world = World(roster(mailbox(min_gap_s=1.0), *clients), ledger=ledger)
    world.add(300, prefix="a", campaign_id=1)
    world.add(600, prefix="b", campaign_id=2)
    async with world.running():
        await world.clock.sleep(120)
        ledger.is_locked = False
        before = len(world.carrier.delivered)
        await world.clock.sleep(120)
    after = [name[0] for name in world.carrier.recipients()[before:]]
    assert len(after) > 100
    assert after.count("a") / len(after) == pytest.approx(0.5, abs=0.03)


# --- the wall clock ----------------------------------------------------------------


@pytest.mark.parametrize("hours", [1, -1, 24, -24])
async def test_setting_the_wall_clock_changes_no_pace(hours: int) -> None:
    """68: gaps, hours and rates run on the other clock; back again too."""
    box = mailbox(min_gap_s=60.0, hourly_limit=20, daily_limit=30)
    world = World(roster(box, campaign()))
    for n in range(200):
        world.ledger.add(f"p{n}@x.example", world.clock.now() - timedelta(days=2))
    async with world.running():
        for _ in range(4):
            await world.clock.sleep(1800)
            world.clock.slip = timedelta(hours=hours)
            await world.clock.sleep(1800)
            world.clock.slip = timedelta()
    times = [d.mono for d in world.carrier.delivered]
    assert len(times) >= 30
    assert min(b - a for a, b in pairwise(times)) >= 60
    assert all(b - a >= 3600 for a, b in zip(times, times[20:], strict=False))


async def test_a_clock_set_back_a_day_and_forward_grants_no_second_day() -> None:
    """68: the day's letters are not granted again, not even to be refused later."""
    box = mailbox(daily_limit=5)
    world = World(roster(box, campaign()))
    for n in range(60):
        world.ledger.add(f"p{n}@x.example", world.clock.now() - timedelta(days=2))
    async with world.running():
        for _ in range(3):
            await world.clock.sleep(600)
            world.clock.slip = timedelta(days=-1)
            await world.clock.sleep(600)
            world.clock.slip = timedelta()
    assert len(world.carrier.opened) == 5


# --- a fleet that changes while it sends ----------------------------------------------


class SlowClaims(FakeLedger):
    """A ledger whose claims wait for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()

    async def claim(
        self, wants: Sequence[Want], *, term: int, now: datetime
    ) -> list[tuple[int | Queue, Claim]]:
        """Claim, and hold the answer back."""
        rows = await super().claim(wants, term=term, now=now)
        self.asked.set()
        await self.answer.wait()
        return rows


async def test_a_mailbox_retired_during_the_claim_sends_nothing() -> None:
    """Whoever left the fleet before its letter began does not write it."""
    ledger = SlowClaims()
    before = roster(
        mailbox(1),
        mailbox(2, 2),
        domain(2, account_ids=(2,)),
        account(2),
        campaign(mailbox_ids=(1, 2)),
    )
    world = World(before, ledger=ledger)
    world.add(2)
    world.add(1, prefix="bound", mailbox_id=2)
    async with world.running():
        await ledger.asked.wait()
        world.apply(roster(mailbox(1), campaign(mailbox_ids=(1,))))
        ledger.answer.set()
        await world.clock.sleep(1200)
    assert {d.sender for d in world.carrier.delivered} == {"box1@mail1.acme.example"}
    assert sorted(world.carrier.recipients()) == ["p0@x.example", "p1@x.example"]
    assert world.ledger.rows[3].state is State.SCHEDULED


async def test_a_campaign_retired_during_the_claim_holds_its_rows() -> None:
    """A row of a campaign that has left waits for a person; others go."""
    ledger = SlowClaims()
    both = (campaign(1), campaign(2, client_id=2))
    world = World(roster(mailbox(), client(1), client(2), *both), ledger=ledger)
    world.add(1, prefix="gone", campaign_id=2, mailbox_id=1)
    world.add(1)
    async with world.running():
        await ledger.asked.wait()
        world.apply(roster(mailbox(), both[0]))
        ledger.answer.set()
        await world.clock.sleep(1200)
    assert world.carrier.recipients() == ["p0@x.example"]
    row = world.ledger.rows[1]
    assert (row.state, row.reason) == (State.HELD, "campaign_retired")


async def test_a_fleet_that_loses_everything_still_records_what_is_under_way() -> None:
    """Client, account, domain, mailbox, campaign retire in mid-letter: it ends well."""
    boxes = (mailbox(1), mailbox(2, 2), mailbox(3, 2))
    things = (client(1), client(2), account(1), account(2), domain(1))
    both = (campaign(1), campaign(2, (2, 3), client_id=2))
    world = World(roster(*things, domain(2, account_ids=(2,)), *boxes, *both))
    opening, answering = asyncio.Event(), asyncio.Event()
    world.carrier.plan("p0@x.example", Plan(before_open=opening))
    world.carrier.plan("p1@x.example", Plan(before_answer=answering))
    world.add(2, campaign_id=2)
    async with world.running():
        await world.clock.sleep(1)
        assert len(world.crew) == 2
        world.apply(roster(mailbox(1), campaign(1)))
        opening.set()
        answering.set()
        await world.clock.sleep(60)
        assert len(world.crew) == 0
    assert world.ledger.states() == {State.SENT: 2}


async def test_a_new_mailbox_is_used_at_once() -> None:
    """An applied fleet is taken on without a stop."""
    world = World(roster(mailbox(1, min_gap_s=3600.0), campaign()))
    world.add(3)
    async with world.running():
        await world.clock.sleep(60)
        assert len(world.carrier.delivered) == 1
        boxes = (mailbox(1, min_gap_s=3600.0), mailbox(2))
        world.apply(roster(*boxes, campaign(mailbox_ids=(1, 2))))
        await world.clock.sleep(60)
    assert len(world.carrier.delivered) == 3


async def test_a_pause_during_the_claim_gives_the_rows_back() -> None:
    """A pause that comes between claim and start stops them before they open."""
    ledger = SlowClaims()
    world = World(roster(mailbox(), campaign()), ledger=ledger)
    world.add(2)
    async with world.running():
        await ledger.asked.wait()
        world.set_pauses((Kind.CAMPAIGN, 1))
        ledger.answer.set()
        await world.clock.sleep(60)
        assert world.carrier.opened == []
        assert world.ledger.states() == {State.SCHEDULED: 2}
        world.set_pauses()
        await world.clock.sleep(1000)
    assert len(world.carrier.delivered) == 2


async def test_a_relay_that_hangs_does_not_take_the_places_of_others() -> None:
    """Promise 6: its letters wait for it; those of another account go on meanwhile."""
    stuck, well = range(1, 31), range(31, 34)
    boxes = [mailbox(id, 1 if id in stuck else 2) for id in (*stuck, *well)]
    domains = [domain(1, account_ids=(1,)), domain(2, account_ids=(2,))]
    campaigns = [campaign(1, tuple(stuck)), campaign(2, tuple(well))]
    fleet = roster(*boxes, *domains, account(1), account(2), *campaigns)
    world = World(fleet, max_in_flight=20)
    answer = asyncio.Event()
    world.add(100, prefix="stuck", campaign_id=1)
    for n in range(100):
        world.carrier.plan(f"stuck{n}@x.example", Plan(before_open=answer))
    world.add(30, prefix="well", campaign_id=2)
    async with world.running():
        with world.clock.idle():
            await world.clock.sleep(3600)
        sent = [who for who in world.carrier.recipients() if who.startswith("well")]
        answer.set()
    assert len(sent) == 30
