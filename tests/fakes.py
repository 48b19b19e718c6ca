"""Fakes of our own interfaces: a clock, a ledger, a carrier, a journal, a spawner.

``FakeLedger`` keeps the laws that tests/contracts demand of it and of the real one.
``ScriptedCarrier`` does as it is told for each recipient and remembers what it took.
``QuietClock`` jumps when nobody in the process has anything to do: for tests whose
whole outside is made of these fakes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from outreachd.clock import VirtualClock
from outreachd.rules.model import Envelope, Phase, Reply, Route
from outreachd.rules.records import Outcome

# Passes of the loop after which every chain of ready tasks has surely ended.
QUIET_PASSES = 40

# Real seconds without any change: whoever is busy must be waiting for the clock.
STUCK_S = 0.05

ACCEPTED = Reply(Phase.DOT, 250, "2.0.0 queued")
NO_ANSWER = Reply(Phase.DOT, 0, "no answer")
REFUSED = Reply(Phase.CONNECT, 0, "connection refused")


async def one_pass() -> None:
    """Let everybody run who is ready."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    loop.call_soon(_pass_over, future)
    await future


def _pass_over(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def settle() -> None:
    """Let all run until they wait for the clock or for a test's event."""
    for _ in range(QUIET_PASSES):
        await one_pass()


class QuietClock(VirtualClock):
    """Jumps when the loop is quiet; its wall clock can be set.

    Work that is busy holds it still, as ever; but work that itself waits for the
    clock, such as a recorder whose ledger is away, would hold it for good: after
    ``stuck_s`` without any change it jumps all the same. That must be longer than any
    statement takes where the ledger is a real one, also on a busy machine.
    """

    def __init__(self, start: datetime, *, stuck_s: float = STUCK_S) -> None:
        super().__init__(start)
        self._stuck_s = stuck_s
        self.slip = timedelta()  # how far the wall clock was set

    def now(self) -> datetime:
        """Tell the wall time as it was set."""
        return super().now() + self.slip

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Let the clock go on although the caller is busy."""
        self._workers -= 1
        self._changed.set()
        try:
            yield
        finally:
            self._workers += 1

    async def run(self) -> None:
        """Jump whenever nobody has anything to do."""
        while True:
            self._changed.clear()
            await settle()
            if self._changed.is_set():
                continue  # work ended meanwhile: it may have begun other work
            is_quiet = self._workers <= 0 and self._drop_cancelled()
            if is_quiet or not await self._has_changed():
                self._jump()

    def _jump(self) -> None:
        if self._drop_cancelled():
            super()._jump()

    async def _has_changed(self) -> bool:
        try:
            async with asyncio.timeout(self._stuck_s if self._workers > 0 else None):
                return await self._changed.wait()
        except TimeoutError:
            await settle()  # were we all stopped meanwhile? then work goes on now
            return self._changed.is_set()


@asynccontextmanager
async def ticking(clock: QuietClock) -> AsyncIterator[None]:
    """Let the clock run."""
    task = asyncio.create_task(clock.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class TaskJob:
    """A journey as a plain task."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task

    async def close(self, *, timeout: float | None = None) -> None:
        """Cancel it and wait for its end."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


class Spawner:
    """Starts tasks and knows them; a broken one makes the test fail."""

    def __init__(self) -> None:
        self.jobs: list[TaskJob] = []

    async def __call__(self, work: Coroutine[Any, Any, None]) -> TaskJob:
        """Start one."""
        job = TaskJob(asyncio.create_task(work))
        self.jobs.append(job)
        return job

    def check(self) -> None:
        """Raise what any of them raised."""
        for job in self.jobs:
            if job.task.done() and not job.task.cancelled():
                job.task.result()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A letter that was handed over to its last dot."""

    sender: str
    recipient: str
    account_id: int
    message: bytes
    at: datetime
    mono: float


@dataclass(slots=True)
class Plan:
    """What the carrier does with one letter; an event is waited for before."""

    opening: Reply | None = None  # refuses before DATA
    answer: Reply = ACCEPTED
    before_open: asyncio.Event | None = None
    before_answer: asyncio.Event | None = None
    breaks: Exception | None = None  # a bug in the carrier


class ScriptedCarrier:
    """Hands letters over as planned: plans by recipient, in order, then the default."""

    def __init__(self, clock: QuietClock) -> None:
        self._clock = clock
        self._plans: dict[str, deque[Plan]] = {}
        self.default = Plan()
        self.takes_s = 0.0  # from DATA to the answer
        self.delivered: list[Delivery] = []
        self.opened: list[Envelope] = []
        self.abandoned: list[Envelope] = []
        self.under_way = 0  # sessions neither answered nor abandoned
        self.most_under_way = 0

    def plan(self, recipient: str, *plans: Plan) -> None:
        """Say what becomes of the next letters to a recipient."""
        self._plans.setdefault(recipient, deque()).extend(plans)

    async def open(
        self, route: Route, envelope: Envelope, size: int
    ) -> ScriptedSession | Reply:
        """Open one transaction, or refuse."""
        self.opened.append(envelope)
        queue = self._plans.get(envelope.recipient)
        plan = queue.popleft() if queue else self.default
        if plan.before_open is not None:
            with self._clock.idle():
                await plan.before_open.wait()
        if plan.breaks is not None:
            raise plan.breaks
        if plan.opening is not None:
            return plan.opening
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        return ScriptedSession(self, self._clock, route, envelope, plan)

    def recipients(self) -> list[str]:
        """List who got a letter, in order."""
        return [letter.recipient for letter in self.delivered]


@dataclass(slots=True)
class ScriptedSession:
    """One transaction of the scripted carrier."""

    carrier: ScriptedCarrier
    clock: QuietClock
    route: Route
    envelope: Envelope
    plan: Plan
    is_over: bool = field(default=False)

    async def deliver(self, message: bytes, may_go: Callable[[], bool]) -> Reply:
        """Take the letter; it counts as delivered unless it is refused."""
        assert not self.is_over, "a session was used twice"
        try:
            with self.clock.idle():
                if self.plan.before_answer is not None:
                    await self.plan.before_answer.wait()
                if self.carrier.takes_s:
                    await self.clock.sleep(self.carrier.takes_s)
        finally:
            self._end()
        if not may_go():
            return Reply(Phase.DATA, 0, "broken off; nothing was sent")
        answer = self.plan.answer
        if answer.phase is Phase.DOT and not 400 <= answer.code < 600:
            self.carrier.delivered.append(
                Delivery(
                    self.envelope.sender,
                    self.envelope.recipient,
                    self.route.account.id,
                    message,
                    self.clock.now(),
                    self.clock.monotonic(),
                )
            )
        return answer

    def abandon(self) -> None:
        """Forget the letter."""
        if not self.is_over:
            self.carrier.abandoned.append(self.envelope)
            self._end()

    def _end(self) -> None:
        self.is_over = True
        self.carrier.under_way -= 1


class FakeJournal:
    """Outcomes kept in a list; ``broken`` = the disk takes nothing."""

    def __init__(self) -> None:
        self.kept: list[Outcome] = []
        self.appended = 0
        self.broken: Exception | None = None

    async def append(self, outcomes: Sequence[Outcome]) -> None:
        """Keep those that are new."""
        if self.broken is not None:
            raise self.broken
        known = {outcome.attempt_id for outcome in self.kept}
        fresh = [outcome for outcome in outcomes if outcome.attempt_id not in known]
        self.kept.extend(fresh)
        self.appended += len(fresh)

    async def forget(self, attempts: Collection[UUID]) -> None:
        """Forget what the ledger has."""
        self.kept = [one for one in self.kept if one.attempt_id not in attempts]


class Dice:
    """Chance that always falls the same way."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def __call__(self) -> float:
        """Throw."""
        return self.value
