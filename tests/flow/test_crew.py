"""The laws of the crew: each journey ends once, and our stop is nobody's failure."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import aiojobs
import pytest

from outreachd.flow.pool import Permit
from outreachd.rules.model import Envelope, Route, State
from outreachd.rules.records import Queue, Want
from tests.fake_ledger import FakeLedger
from tests.fakes import Plan, TaskJob, settle, ticking
from tests.flow.world import World, drained
from tests.rosters import campaign, mailbox, roster


def world_of(n: int = 1) -> World:
    """Make a shift with as many mailboxes and due sends."""
    ids = tuple(range(1, n + 1))
    boxes = [mailbox(id) for id in ids]
    world = World(roster(*boxes, campaign(mailbox_ids=ids)))
    world.add(n)
    return world


async def start_all(world: World) -> None:
    """Claim what is due and send it on its way, without a feed."""
    now, mono = world.clock.now(), world.clock.monotonic()
    rows = await world.ledger.claim([Want(Queue(1, ""), 99)], term=1, now=now)
    for (_, claim), lane in zip(rows, world.pool.lanes.values(), strict=True):
        world.pool.keep(lane)
        taken = world.pool.take(lane, world.pool.roster.campaigns[1], now, mono)
        assert isinstance(taken, Permit)
        await world.crew.start(claim, taken)
    await settle()


async def test_an_empty_crew_is_drained_at_once() -> None:
    """Nothing under way, nothing to wait for."""
    world = world_of()
    await drained(world.crew, grace_s=60, begun_s=600)
    assert world.clock.monotonic() == 0


async def test_who_has_not_begun_is_interrupted_and_goes_back_uncounted() -> None:
    """61: a stop costs no attempt; the row is due again as it was."""
    world = world_of(2)
    world.carrier.plan("p0@x.example", Plan(before_open=asyncio.Event()))
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=5, begun_s=600)
    assert world.ledger.rows[2].state is State.SENT
    row = world.ledger.rows[1]
    assert (row.state, row.attempts, row.reason) == (State.SCHEDULED, 0, "stopped")
    assert world.clock.monotonic() == 5
    assert world.pool.lanes[1].standing.day.used == 0
    assert not world.pool.lanes[1].is_busy


async def test_who_has_begun_is_waited_for() -> None:
    """61: what is past its intent ends in its own time and is recorded."""
    world = world_of()
    world.carrier.takes_s = 300.0
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=5, begun_s=600)
    assert world.ledger.rows[1].state is State.SENT
    assert world.clock.monotonic() == 300


async def test_who_never_ends_is_cut_and_stays_in_doubt() -> None:
    """SMTP 28: cancelled after its intent: never scheduled again by us, gap counted."""
    world = world_of()
    world.carrier.plan("p0@x.example", Plan(before_answer=asyncio.Event()))
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=5, begun_s=60)
    assert world.ledger.rows[1].state is State.SENDING
    assert world.pool.lanes[1].standing.day.used == 1
    assert await world.ledger.recover(term=2, now=world.clock.now()) == (0, 1)


class StuckLedger(FakeLedger):
    """Calls that wait for ever."""

    def __init__(self, call: str) -> None:
        super().__init__()
        self.stuck = call

    async def begin(self, *arguments: Any, **more: Any) -> Any:
        """Begin, or never answer."""
        if self.stuck == "begin":
            await asyncio.Event().wait()
        return await super().begin(*arguments, **more)

    async def record(self, *arguments: Any, **more: Any) -> Any:
        """Record, or never answer."""
        if self.stuck == "record":
            await asyncio.Event().wait()
        return await super().record(*arguments, **more)


@pytest.mark.parametrize(
    ("phase", "state", "spent"),
    [
        ("open", State.SCHEDULED, 0),
        ("begin", State.LEASED, 1),
        ("deliver", State.SENDING, 1),
        ("record", State.SENDING, 1),
    ],
)
async def test_cancelled_in_each_phase(phase: str, state: State, spent: int) -> None:
    """SMTP 28: the permit is released, no session is left open, nothing is repeated."""
    ledger = StuckLedger(phase)
    world = World(roster(mailbox(), campaign()), ledger=ledger)
    world.add(1)
    if phase == "open":
        world.carrier.plan("p0@x.example", Plan(before_open=asyncio.Event()))
    if phase == "deliver":
        world.carrier.plan("p0@x.example", Plan(before_answer=asyncio.Event()))
    async with ticking(world.clock):
        await start_all(world)
        assert len(world.crew) == 1
        await drained(world.crew, grace_s=0, begun_s=0)
    assert len(world.crew) == 0
    assert world.carrier.under_way == 0
    assert not world.pool.lanes[1].is_busy
    assert world.pool.lanes[1].standing.day.used == spent
    assert world.pool.lanes[1].standing.day.reserved == 0
    assert world.ledger.rows[1].state is state


async def test_a_job_that_never_ran_is_given_back() -> None:
    """A journey cancelled before its first step leaves neither row nor lane behind."""
    world = world_of()

    async def spawn(work: Coroutine[Any, Any, None]) -> TaskJob:
        async def never() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                work.close()

        return TaskJob(asyncio.create_task(never()))

    world.crew._spawn = spawn
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=1, begun_s=600)
    assert world.ledger.rows[1].state is State.SCHEDULED
    assert not world.pool.lanes[1].is_busy
    assert world.clock.monotonic() == 1


async def test_one_that_is_slow_to_be_interrupted_keeps_nobody_from_ending_well() -> (
    None
):
    """61: what it was doing takes time to end; who is past the intent is waited for."""
    world = world_of(2)
    world.carrier.takes_s = 300.0
    open_, endless = world.carrier.open, asyncio.Event()

    async def slow(route: Route, envelope: Envelope, size: int) -> Any:
        if envelope.recipient != "p0@x.example":
            return await open_(route, envelope, size)
        try:
            with world.clock.idle():
                await endless.wait()
        finally:
            with world.clock.idle():
                await endless.wait()

    world.carrier.open = slow  # type: ignore[method-assign]
    scheduler = aiojobs.Scheduler(limit=None)
    world.crew._spawn = scheduler.spawn
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=5, begun_s=600)
    await scheduler.close()
    assert world.ledger.rows[1].state is State.SCHEDULED
    assert world.ledger.rows[2].state is State.SENT


async def test_a_bug_before_the_intent_holds_the_row() -> None:
    """72: it waits for a person with a reason that says so."""
    world = world_of(2)
    world.carrier.plan("p0@x.example", Plan(breaks=RuntimeError("poison")))
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=60, begun_s=60)
    row = world.ledger.rows[1]
    assert (row.state, row.reason) == (State.HELD, "bug")
    assert "RuntimeError" in (row.detail or "")
    assert world.ledger.rows[2].state is State.SENT


async def test_a_bug_in_the_intent_holds_the_row_and_frees_the_line() -> None:
    """An intent that breaks in our hands sends nothing and leaves no session open."""
    world = world_of()
    world.ledger.fail("begin", error=RuntimeError("bug"))
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=60, begun_s=60)
    assert world.ledger.rows[1].state is State.HELD
    assert len(world.carrier.abandoned) == 1
    assert world.carrier.delivered == []


class Broken:
    """A method with a bug."""

    def __call__(self, *_: object) -> Any:
        """Break."""
        raise RuntimeError("bug")


async def test_a_bug_after_the_intent_is_doubt() -> None:
    """Past DATA nobody can say that it was not sent."""
    world = world_of()

    world.journey.reporter.outcome = Broken()  # type: ignore[assignment]
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=60, begun_s=60)
    row = world.ledger.rows[1]
    assert (row.state, row.reason) == (State.UNCERTAIN, "bug")


async def test_a_bug_in_the_figures_changes_no_outcome() -> None:
    """What was recorded stays recorded, whatever feedback does afterwards."""
    world = world_of()

    async def broken(*_: object) -> None:
        raise RuntimeError("bug")

    world.crew._feedback = broken
    async with ticking(world.clock):
        await start_all(world)
        await drained(world.crew, grace_s=60, begun_s=60)
    assert world.ledger.rows[1].state is State.SENT
    assert not world.pool.lanes[1].is_busy
