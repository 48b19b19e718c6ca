"""The only file that reads a clock or sleeps.

Two clocks, never mixed: ``monotonic()`` in seconds for buckets, gaps and limits;
``now()`` as an aware UTC datetime for due times, windows and days. ``RealClock`` is
the machine's. ``VirtualClock`` stands still while anything is being worked on and
then jumps to the next moment somebody waits for: a working day in seconds.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

# Passes of the event loop after which a woken task has surely begun its work.
SETTLE_PASSES = 4
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """What every moving part is given instead of the time module."""

    def now(self) -> datetime:
        """Tell the wall time, aware, UTC."""

    def monotonic(self) -> float:
        """Tell seconds on a clock that does not go backwards."""

    async def sleep(self, seconds: float) -> None:
        """Wait; never less than asked."""

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, at most ``seconds``; tell whether it is set."""

    def busy(self) -> AbstractContextManager[None]:
        """Mark work that must end before a virtual clock may jump."""


class RealClock:
    """The machine's clocks; monotonic seconds count a suspended machine too."""

    def now(self) -> datetime:
        """Tell the wall time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Tell seconds since boot, suspension included where the system counts it."""
        return _boot_seconds()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop."""
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event or the limit."""
        try:
            async with asyncio.timeout(seconds):
                return await event.wait()
        except TimeoutError:
            return event.is_set()

    def busy(self) -> AbstractContextManager[None]:
        """Do nothing: real time passes anyway."""
        return nullcontext()


class VirtualClock:
    """A clock that jumps when all who use it wait. ``run()`` must be running.

    ``quantum_s``: a jump also wakes those who would wake this much later, at the
    later instant: fewer and larger steps, nobody woken early. ``on_jump`` is told
    each new instant before anybody wakes.
    """

    def __init__(
        self,
        start: datetime,
        *,
        quantum_s: float = 0.0,
        on_jump: Callable[[datetime], None] | None = None,
    ) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._quantum_s = quantum_s
        self._on_jump = on_jump
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._workers = 0
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        """Tell the virtual wall time."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        """Tell virtual seconds since the start."""
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has jumped over ``seconds``."""
        await self._sleeper(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event or for the virtual limit."""
        if event.is_set():
            return True
        sleeper = self._sleeper(seconds)
        waiter = asyncio.create_task(event.wait())
        either: set[asyncio.Future[Any]] = {sleeper, waiter}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waiter.cancel()
        return event.is_set()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Hold the clock still."""
        self._workers += 1
        try:
            yield
        finally:
            self._workers -= 1
            self._changed.set()

    async def run(self) -> None:
        """Jump from wake-up to wake-up until cancelled."""
        while True:
            self._changed.clear()
            for _ in range(SETTLE_PASSES):
                await asyncio.sleep(0)
            if self._changed.is_set():
                continue  # work ended in these passes: it may have begun other work
            if self._workers == 0 and self._drop_cancelled():
                self._jump()
            else:
                await self._changed.wait()

    def _sleeper(self, seconds: float) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wake_at = self._elapsed_s + max(seconds, 0.0)
        heapq.heappush(self._sleepers, (wake_at, next(self._order), future))
        self._changed.set()
        return future

    def _drop_cancelled(self) -> bool:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return bool(self._sleepers)

    def _jump(self) -> None:
        horizon = self._sleepers[0][0] + self._quantum_s
        woken = []
        while self._sleepers and self._sleepers[0][0] <= horizon:
            wake_at, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self._elapsed_s = max(self._elapsed_s, wake_at)
                woken.append(future)
        if self._on_jump:
            self._on_jump(self.now())
        for future in woken:
            future.set_result(None)


def _boot_seconds() -> float:
    return time.clock_gettime(_BOOT_CLOCK)
