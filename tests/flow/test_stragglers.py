"""The laws of stragglers: a letter that hangs holds up itself and its mailbox only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from outreachd.flow.stragglers import Outlasting, Stragglers
from outreachd.rules.model import Phase, Reply, State
from outreachd.rules.pulse import UnderWay
from tests.fakes import Plan, settle, ticking
from tests.flow.world import World
from tests.rosters import campaign, mailbox, roster

HANGS = "hangs@x.example"
LIMIT_S = 630.0
LATER = Reply(Phase.DOT, 451, "4.3.0 come back later")


class Shifts:
    """A shift with a letter that hangs, and the one after it, in one daemon.

    The letter's server answers when ``answers`` is set.
    """

    def __init__(
        self,
        answer: Reply | None = None,
        *,
        mailboxes: int = 2,
        max_in_flight: int = 50,
    ) -> None:
        ids = tuple(range(1, mailboxes + 1))
        boxes = [mailbox(id, min_gap_s=60.0, jitter=0.0) for id in ids]
        self.roster = roster(*boxes, campaign(mailbox_ids=ids))
        self.max_in_flight = max_in_flight
        self.stragglers = Stragglers()
        self.answers = asyncio.Event()
        self.first = World(self.roster)
        self.send_id = self.first.ledger.add(HANGS, self.first.clock.now())
        plan = Plan(before_answer=self.answers)
        if answer is not None:
            plan = Plan(answer=answer, before_answer=self.answers)
        self.first.carrier.plan(HANGS, plan)
        self.clock, self.ledger = self.first.clock, self.first.ledger

    async def lose_lease(self) -> Outlasting:
        """Send until the letter hangs, lose the lease; tell what outlasts it."""
        feeding = asyncio.create_task(self.first.feed.run())
        await settle()
        self.first.feed.stop()
        await feeding
        await self.first.crew.wind_up(5.0)
        self.stragglers.take(self.first.crew, self.first.recorder, LIMIT_S)
        self.ledger.term = 2
        await self.ledger.recover(term=2, now=self.clock.now())
        return self.stragglers.outlasting()

    def second(self, outlasting: Outlasting) -> World:
        """Begin the next shift."""
        world = World(
            self.roster,
            clock=self.clock,
            ledger=self.ledger,
            stragglers=self.stragglers,
            max_in_flight=self.max_in_flight,
        )
        self.stragglers.pass_on(outlasting, world.crew)
        return world

    async def answer(self) -> None:
        """Let the server answer, and wait until that is recorded."""
        self.answers.set()
        while len(self.stragglers):
            await self.clock.sleep(0.01)

    def is_(self, state: State) -> bool:
        """Tell whether the send whose letter hangs stands there."""
        return self.ledger.rows[self.send_id].state is state


@asynccontextmanager
async def sending(world: World) -> AsyncIterator[None]:
    """Let a shift send; the clock runs already."""
    feeding = asyncio.create_task(world.feed.run())
    yield
    world.feed.stop()
    await feeding


async def test_the_next_shift_sends_while_a_letter_hangs() -> None:
    """48: one server that does not answer holds up one mailbox, not the fleet."""
    shifts = Shifts()
    async with ticking(shifts.clock):
        outlasting = await shifts.lose_lease()
        assert shifts.clock.monotonic() == 5.0
        assert shifts.is_(State.UNCERTAIN)
        world = shifts.second(outlasting)
        [lane] = [one for one in world.pool.lanes.values() if one.is_busy]
        its = lane.standing.box.address
        world.add(20)
        async with sending(world):
            await shifts.clock.sleep(299)
            assert len(world.carrier.delivered) == 5  # one mailbox, one a minute
            assert its not in {one.sender for one in world.carrier.delivered}
            assert world.pool.accounts[1].under_way == 1
            await shifts.answer()
            assert shifts.is_(State.SENT)
            ended = shifts.clock.monotonic()
            await shifts.clock.sleep(100)
    [mono] = [one.mono for one in world.carrier.delivered if one.sender == its][:1]
    assert mono - ended == pytest.approx(60, abs=0.1)
    assert world.pool.accounts[1].under_way == 0


async def test_what_hangs_is_not_sent_again_from_here() -> None:
    """Promise 1: whoever let it wait again, it waits until that letter has ended."""
    shifts = Shifts(LATER)
    async with ticking(shifts.clock):
        outlasting = await shifts.lose_lease()
        row = shifts.ledger.rows[shifts.send_id]
        row.state, row.mailbox_id, row.due_at = State.SCHEDULED, 2, shifts.clock.now()
        world = shifts.second(outlasting)
        async with sending(world):
            await shifts.clock.sleep(200)
            assert shifts.send_id in shifts.stragglers
            assert world.carrier.opened == []
            assert row.reason == "under_way"
            await shifts.answer()
            assert shifts.send_id not in shifts.stragglers
            await shifts.clock.sleep(100)
    assert row.reason == "letter_changed"  # judged as any, for it is another mailbox's
    assert shifts.first.carrier.recipients() == []


async def test_a_refusal_that_comes_late_is_no_doubt() -> None:
    """451 after all: it goes again when the verdict says, and nobody is asked."""
    shifts = Shifts(LATER)
    async with ticking(shifts.clock):
        shifts.second(await shifts.lose_lease())
        await shifts.answer()
    assert shifts.is_(State.SCHEDULED)
    assert shifts.ledger.rows[shifts.send_id].due_at > shifts.clock.now()


async def test_what_hangs_counts_as_under_way() -> None:
    """Shifts that follow each other have no more letters out than one."""
    shifts = Shifts(max_in_flight=1)
    async with ticking(shifts.clock):
        world = shifts.second(await shifts.lose_lease())
        world.add(3)
        async with sending(world):
            await shifts.clock.sleep(100)
            assert world.carrier.delivered == []
            await shifts.answer()
            await shifts.clock.sleep(100)
    assert len(world.carrier.delivered) == 3


async def test_what_ended_while_the_shift_began_leaves_its_gap() -> None:
    """Promise 3: the facts were read before; its mailbox waits from its end on."""
    shifts = Shifts(mailboxes=1)
    async with ticking(shifts.clock):
        outlasting = await shifts.lose_lease()
        await shifts.clock.sleep(300)
        await shifts.answer()
        world = shifts.second(outlasting)
        world.add(1)
        began = shifts.clock.monotonic()
        async with sending(world):
            await shifts.clock.sleep(100)
    assert [one.mono - began for one in world.carrier.delivered] == [60.0]
    assert world.pool.accounts[1].under_way == 0


async def test_a_mailbox_that_has_left_takes_nobody_along() -> None:
    """Its letter ends and is recorded, though the new fleet does not know it."""
    shifts = Shifts()
    async with ticking(shifts.clock):
        outlasting = await shifts.lose_lease()
        shifts.roster = roster(mailbox(3), campaign(mailbox_ids=(3,)))
        world = shifts.second(outlasting)
        await shifts.answer()
    assert shifts.is_(State.SENT)
    assert world.pool.accounts[1].under_way == 0


async def test_two_shifts_later_it_still_counts() -> None:
    """The database went again: what hung then and what hangs now go on together."""
    shifts = Shifts()
    async with ticking(shifts.clock):
        second = shifts.second(await shifts.lose_lease())
        other = asyncio.Event()
        second.ledger.add("too@x.example", shifts.clock.now())
        second.carrier.plan("too@x.example", Plan(before_answer=other))
        async with sending(second):
            await shifts.clock.sleep(1)
        await second.crew.wind_up(5.0)
        shifts.stragglers.take(second.crew, second.recorder, LIMIT_S)
        shifts.ledger.term = 3
        await shifts.ledger.recover(term=3, now=shifts.clock.now())
        third = shifts.second(shifts.stragglers.outlasting())
        assert all(lane.is_busy for lane in third.pool.lanes.values())
        assert third.pool.accounts[1].under_way == len(shifts.stragglers) == 2
        told = [(one.account_id, one.since, one.is_begun) for one in letters(shifts)]
        assert told == [(1, 0.0, True), (1, 5.0, True)]
        other.set()
        await shifts.answer()
    assert shifts.ledger.states() == {State.SENT: 2}
    assert third.pool.accounts[1].under_way == len(shifts.stragglers) == 0


def letters(shifts: Shifts) -> list[UnderWay]:
    """List what hangs, as whoever looks for silent servers is told."""
    return list(shifts.stragglers.under_way())


async def test_how_long_one_may_hang_is_bounded() -> None:
    """SMTP 28: cut at the limit, in doubt, its mailbox free after the gap."""
    shifts = Shifts()
    async with ticking(shifts.clock):
        world = shifts.second(await shifts.lose_lease())
        await shifts.clock.sleep(LIMIT_S - 1)
        assert shifts.send_id in shifts.stragglers
        await shifts.clock.sleep(2)
    assert len(shifts.stragglers) == 0
    assert shifts.is_(State.UNCERTAIN)
    assert not any(lane.is_busy for lane in world.pool.lanes.values())
    assert shifts.first.carrier.under_way == 0


async def test_our_end_waits_for_what_hangs() -> None:
    """61: nothing uncertain is left behind by an orderly stop."""
    shifts = Shifts()
    async with ticking(shifts.clock):
        shifts.second(await shifts.lose_lease())
        ending = asyncio.create_task(shifts.stragglers.see_out())
        await shifts.clock.sleep(300)
        assert not ending.done()
        shifts.answers.set()
        await ending
    assert shifts.is_(State.SENT)


async def test_our_end_while_the_ledger_is_away_waits_for_the_disk_only() -> None:
    """48, 61: what comes late is journaled; the next start brings it."""
    shifts = Shifts()
    async with ticking(shifts.clock):
        shifts.second(await shifts.lose_lease())
        shifts.ledger.fail("record", 10_000)
        shifts.answers.set()
        await shifts.stragglers.see_out()
    [kept] = shifts.first.journal.kept
    assert (kept.send_id, kept.state) == (shifts.send_id, State.SENT)
    assert shifts.is_(State.UNCERTAIN)


async def test_who_gives_up_waits_no_more() -> None:
    """61: asked twice to end, nobody waits for a server, nor takes a crew any more."""
    shifts = Shifts()
    async with ticking(shifts.clock):
        await shifts.lose_lease()
        ending = asyncio.create_task(shifts.stragglers.see_out())
        await settle()
        shifts.stragglers.give_up()
        await ending
        shifts.stragglers.take(shifts.first.crew, shifts.first.recorder, LIMIT_S)
        assert len(shifts.stragglers) == 0
        await shifts.answer()


async def test_a_crew_with_nobody_out_is_not_kept() -> None:
    """An end of a shift as it mostly is: nothing to wait for."""
    shifts = Shifts()
    shifts.answers.set()
    async with ticking(shifts.clock):
        assert await shifts.lose_lease() == []
        await shifts.stragglers.see_out()
    assert shifts.clock.monotonic() == 0
