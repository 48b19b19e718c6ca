"""The laws of the clocks: nobody wakes early, and virtual time waits for work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from outreachd.clock import RealClock, VirtualClock

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@asynccontextmanager
async def running(clock: VirtualClock) -> AsyncIterator[None]:
    """Let the clock jump while the block runs."""
    runner = asyncio.create_task(clock.run())
    try:
        yield
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)


async def test_real_time_is_aware_and_never_early() -> None:
    """now() is UTC, a sleep takes at least what was asked, a limit is told as such."""
    clock = RealClock()
    assert clock.now().tzinfo is UTC
    before = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.01
    event = asyncio.Event()
    assert not await clock.wait(event, 0.001)
    event.set()
    assert await clock.wait(event, 5)
    with clock.busy():
        pass


async def test_a_virtual_day_passes_at_once() -> None:
    """When all wait the clock jumps from one to the next, in order."""
    clock, woken = VirtualClock(START), []

    async def sleeper(hours: float) -> None:
        await clock.sleep(hours * 3600)
        woken.append((hours, clock.now()))

    async with running(clock):
        await asyncio.gather(*(sleeper(hours) for hours in (24, 1, 8.5)))
    assert woken == [(h, START + timedelta(hours=h)) for h in (1, 8.5, 24)]
    assert clock.monotonic() == 24 * 3600


async def test_virtual_time_stands_still_while_work_is_done() -> None:
    """busy() holds the clock, however often the loop turns; its end lets it go."""
    clock = VirtualClock(START)
    async with running(clock):
        sleeper = asyncio.create_task(clock.sleep(60))
        with clock.busy():
            for _ in range(100):
                await RealClock().sleep(0)
            assert clock.now() == START
            assert not sleeper.done()
        await sleeper
    assert clock.monotonic() == 60


@pytest.mark.parametrize("passes", range(12))
async def test_work_handed_to_a_new_task_is_still_work(passes: int) -> None:
    """Whoever ends its work with a new task has held the clock until that began."""
    clock, begun = VirtualClock(START), []

    async def helper() -> None:
        with clock.busy():
            begun.append(clock.monotonic())

    async with running(clock):
        with clock.busy():
            for _ in range(passes):
                await RealClock().sleep(0)
            task = asyncio.create_task(helper())
        await clock.sleep(60)
        await task
    assert begun == [0]


async def test_an_event_ends_a_virtual_wait_before_its_limit() -> None:
    """wait() tells whether the event came; only the limit costs time."""
    clock, event = VirtualClock(START), asyncio.Event()
    async with running(clock):
        assert not await clock.wait(event, 30)
        assert clock.monotonic() == 30
        waiter = asyncio.create_task(clock.wait(event, 3600))
        with clock.busy():
            await RealClock().sleep(0)
            event.set()
            assert await waiter
        assert await clock.wait(event, 3600)
    assert clock.monotonic() == 30


async def test_an_abandoned_wait_does_not_move_the_clock() -> None:
    """A cancelled sleeper is forgotten: nobody jumps to its moment."""
    clock = VirtualClock(START)
    async with running(clock):
        abandoned = asyncio.create_task(clock.sleep(10))
        await RealClock().sleep(0)
        abandoned.cancel()
        await asyncio.gather(abandoned, return_exceptions=True)
        await clock.sleep(25)
    assert clock.monotonic() == 25


async def test_a_quantum_wakes_nobody_early() -> None:
    """Those near in time wake together, at the moment of the last of them."""
    clock, woken = VirtualClock(START, quantum_s=1.0), {}

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken[seconds] = clock.monotonic()

    async with running(clock):
        await asyncio.gather(*(sleeper(s) for s in (5.0, 5.5, 6.0, 6.5)))
    assert woken == {5.0: 6.0, 5.5: 6.0, 6.0: 6.0, 6.5: 6.5}


async def test_a_jump_is_announced_before_anybody_wakes() -> None:
    """on_jump hears each new instant first, once."""
    heard: list[datetime] = []
    clock = VirtualClock(START, on_jump=heard.append)
    async with running(clock):
        for hours in (1, 2):
            await clock.sleep(3600)
            assert heard[-1] == clock.now() == START + timedelta(hours=hours)
    assert len(heard) == 2
