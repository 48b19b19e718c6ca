"""The laws of parting: a stop waits for what is begun, a lost lease does not."""

from __future__ import annotations

import asyncio

import pytest

from outreachd.flow.parting import ORDINARY_S, SECOND_SIGNAL_S, Parting
from outreachd.flow.stragglers import Stragglers
from outreachd.rules.model import State
from tests.fakes import Plan, QuietClock, settle, ticking
from tests.flow.world import World, drained
from tests.rosters import campaign, mailbox, roster


class Desk:
    """A shift with one letter that hangs, and one that cannot begin."""

    def __init__(self) -> None:
        boxes = [mailbox(id) for id in (1, 2)]
        self.world = World(roster(*boxes, campaign(mailbox_ids=(1, 2))))
        self.clock: QuietClock = self.world.clock
        self.stragglers = Stragglers()
        self.stopping, self.hurry = asyncio.Event(), asyncio.Event()
        self.answers = asyncio.Event()
        self.parting = Parting(
            self.stragglers,
            stopping=self.stopping,
            hurry=self.hurry,
            house=self.clock,
            drain_s=20.0,
            dot_s=600.0,
        )
        self.world.carrier.plan("p0@x.example", Plan(before_answer=self.answers))
        self.world.carrier.plan("p1@x.example", Plan(before_open=asyncio.Event()))

    async def begin(self) -> None:
        """Send until both hang."""
        self.world.add(2)
        feeding = asyncio.create_task(self.world.feed.run())
        await settle()
        self.world.feed.stop()
        await feeding
        assert len(self.world.crew) == 2

    def end_shift(self) -> asyncio.Task[None]:
        """Begin to end the shift."""
        ending = self.parting.end_shift(self.world.crew, self.world.recorder)
        return asyncio.create_task(ending)

    def states(self) -> list[State]:
        """Tell where both sends stand."""
        return [row.state for row in self.world.ledger.rows.values()]


async def test_a_lost_lease_waits_for_ordinary_letters_only() -> None:
    """48: what has not begun goes back, what hangs goes on behind the next shift."""
    desk = Desk()
    async with ticking(desk.clock):
        await desk.begin()
        await desk.end_shift()
        assert desk.clock.monotonic() == ORDINARY_S
        assert desk.states() == [State.SENDING, State.SCHEDULED]
        assert desk.stragglers.send_ids() == [1]
        desk.answers.set()
        await desk.parting.end_all()
    assert desk.states() == [State.SENT, State.SCHEDULED]
    assert desk.clock.monotonic() == ORDINARY_S


async def test_a_lost_lease_with_nobody_out_ends_at_once() -> None:
    """The grace is a limit, not a wait."""
    desk = Desk()
    async with ticking(desk.clock):
        await desk.end_shift()
        await desk.parting.end_all()
    assert desk.clock.monotonic() == 0
    assert len(desk.stragglers) == 0


async def test_a_stop_waits_for_what_is_begun() -> None:
    """61: 20 s for what has not begun, as long as it takes for the rest."""
    desk = Desk()
    async with ticking(desk.clock):
        await desk.begin()
        desk.stopping.set()
        ending = desk.end_shift()
        await desk.clock.sleep(19)
        assert desk.states() == [State.SENDING, State.LEASED]
        while desk.states() != [State.SENDING, State.SCHEDULED]:
            await desk.clock.sleep(1)
        await desk.clock.sleep(300)
        assert not ending.done()
        desk.answers.set()
        await ending
        await desk.parting.end_all()
    assert desk.states() == [State.SENT, State.SCHEDULED]


async def test_a_stop_in_the_grace_of_a_lost_lease_waits_too() -> None:
    """61: whatever ended the shift, what is begun is not left in doubt."""
    desk = Desk()
    async with ticking(desk.clock):
        await desk.begin()
        ending = desk.end_shift()
        await desk.clock.sleep(ORDINARY_S - 1)
        desk.stopping.set()
        await desk.clock.sleep(100)
        assert not ending.done()
        desk.answers.set()
        await ending
    assert desk.states() == [State.SENT, State.SCHEDULED]


@pytest.mark.parametrize("after_s", [1.0, 100.0], ids=["unbegun", "begun"])
async def test_who_is_asked_twice_waits_ten_seconds(after_s: float) -> None:
    """61: from the second signal on, and once only, whatever is still to be done."""
    desk = Desk()
    async with ticking(desk.clock):
        await desk.begin()
        desk.stopping.set()
        ending = desk.end_shift()
        await desk.clock.sleep(after_s)
        desk.hurry.set()
        await ending
        await desk.parting.end_all()
        assert desk.clock.monotonic() == after_s + SECOND_SIGNAL_S
        assert len(desk.stragglers) == 0
        desk.answers.set()
        await drained(desk.world.crew, grace_s=0, begun_s=60)


async def test_a_bug_at_the_end_leaves_no_letter_to_nobody() -> None:
    """72: it is told, and what hangs is kept all the same."""
    desk = Desk()
    async with ticking(desk.clock):
        await desk.begin()
        desk.world.ledger.fail("give_back", error=RuntimeError("bug"))
        with pytest.raises(RuntimeError, match="bug"):
            await desk.end_shift()
        assert desk.stragglers.send_ids() == [1]
        desk.answers.set()
        await desk.parting.end_all()
    assert desk.states()[0] is State.SENT
