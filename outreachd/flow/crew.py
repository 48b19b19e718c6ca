"""The crew: the journeys under way, from start to release.

Every journey ends in exactly one release of its permit. Our own stop is nobody's
failure: who has not begun is interrupted and the row goes back uncounted; who is past
the intent is waited for, and may outlast its shift (``flow/stragglers``). A bug in a
journey holds its row and stops nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from outreachd.clock import Clock
from outreachd.flow.journey import Ending, Journey, Trip
from outreachd.flow.pool import Permit, Pool
from outreachd.flow.recorder import Recorder
from outreachd.rules.model import Claim, Scope, State
from outreachd.rules.pulse import UnderWay
from outreachd.rules.records import GiveBack
from outreachd.rules.returns import broken, uncounted
from outreachd.telemetry import Metrics

log = structlog.get_logger()

CLOSE_S = 1.0


class Job(Protocol):
    """A journey as the scheduler runs it."""

    async def close(self, *, timeout: float | None = None) -> None:
        """Cancel it and wait for its end."""


class Crew:
    """Starts journeys, knows which are under way, ends them well."""

    def __init__(
        self,
        *,
        pool: Pool,
        journey: Journey,
        recorder: Recorder,
        feedback: Callable[[Permit, Ending], Awaitable[None]],
        clock: Clock,
        metrics: Metrics,
        spawn: Callable[[Coroutine[object, object, None]], Awaitable[Job]],
    ) -> None:
        self._pool = pool
        self._journey = journey
        self._recorder = recorder
        self._feedback = feedback
        self._clock = clock
        self._metrics = metrics
        self._spawn = spawn
        self._jobs: dict[int, tuple[Trip, Job | None]] = {}
        self._returns: list[GiveBack] = []
        self._empty = asyncio.Event()
        self.on_ended: Callable[[int, datetime | None], None] = lambda _, __: None

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, send_id: int) -> bool:
        """Tell whether a send is under way."""
        return send_id in self._jobs

    def send_ids(self) -> list[int]:
        """List the sends under way."""
        return list(self._jobs)

    def trips(self) -> list[Trip]:
        """List what is under way."""
        return [trip for trip, _ in self._jobs.values()]

    def under_way(self) -> Iterator[UnderWay]:
        """Tell of each letter by which account it leaves, and since when."""
        for trip, _ in self._jobs.values():
            yield UnderWay(trip.permit.account.id, trip.started, trip.is_begun)

    async def start(self, claim: Claim, permit: Permit) -> None:
        """Start one journey."""
        trip = Trip(claim, permit, self._clock.monotonic())
        self._empty.clear()
        self._jobs[claim.send_id] = (trip, None)
        job = await self._spawn(self._go(trip))
        if claim.send_id in self._jobs:
            self._jobs[claim.send_id] = (trip, job)

    async def _go(self, trip: Trip) -> None:
        ending = Ending(State.SCHEDULED, spent=False)
        with self._clock.busy():
            try:
                ending = await self._journey.send(trip)
                await self._feedback(trip.permit, ending)
            except asyncio.CancelledError:
                ending = Ending(State.SCHEDULED, spent=trip.is_begun)
                if not trip.is_begun:
                    self._returns.append(uncounted(trip.claim, self._clock.now()))
                raise
            except Exception as error:
                ending = Ending(State.HELD, spent=trip.is_begun)
                log.exception("journey.broken", send_id=trip.claim.send_id)
                await self._settle_broken(trip, error)
            finally:
                self._release(trip, ending)

    async def _settle_broken(self, trip: Trip, error: Exception) -> None:
        await self._recorder.give_back(broken(trip.claim, error))
        if trip.intent is not None:  # if it was written, the row did not go back
            await self._recorder.outcome(self._journey.lost(trip.intent))

    def _release(self, trip: Trip, ending: Ending) -> None:
        permit, mono = trip.permit, self._clock.monotonic()
        self._pool.release(
            permit,
            spent=ending.spent,
            now=self._clock.now(),
            mono=mono,
            was_heard=_is_about_a_recipient(ending),
        )
        if ending.verdict is not None:
            self._metrics.send_seconds.observe(mono - trip.started)
        del self._jobs[trip.claim.send_id]
        if not self._jobs:
            self._empty.set()
        self.on_ended(permit.lane.id, ending.again_at)

    async def wind_up(self, grace_s: float) -> None:
        """End what has not begun, after a grace in which all may end by themselves."""
        if not await self._wait_empty(grace_s):
            await self._interrupt(lambda trip: not trip.is_begun)
        await self._give_back()

    async def see_out(self, limit_s: float) -> None:
        """Wait for what is past its intent; what outlasts the limit stays in doubt."""
        if not await self._wait_empty(limit_s):
            await self._interrupt(lambda _: True)
        await self._give_back()

    def pass_on(self, trips: Sequence[Trip], heir: Crew) -> None:
        """Let journeys end in the pool of the shift that sends now, as its own do.

        ``trips``: under way when the facts of that pool were read. One that has ended
        since then holds its lane up as if it had ended now.
        """
        self._pool, self._feedback = heir._pool, heir._feedback
        self.on_ended = heir.on_ended
        for trip in trips:
            trip.permit = self._pool.adopt(trip.permit)
            if trip.claim.send_id not in self._jobs:
                now, mono = self._clock.now(), self._clock.monotonic()
                self._pool.release(trip.permit, spent=True, now=now, mono=mono)

    async def _give_back(self) -> None:
        returns, self._returns = self._returns, []
        await asyncio.gather(*map(self._recorder.give_back, returns))

    async def _wait_empty(self, limit_s: float) -> bool:
        return not self._jobs or await self._clock.wait(self._empty, limit_s)

    async def _interrupt(self, which: Callable[[Trip], bool]) -> None:
        ends = [(trip, job) for trip, job in self._jobs.values() if which(trip)]
        closed = await asyncio.gather(*(_is_closed(job) for _, job in ends))
        for (trip, _), is_over in zip(ends, closed, strict=True):
            if is_over and trip.claim.send_id in self._jobs and not trip.is_begun:
                # It was cancelled before its first step: nothing of it ever ran.
                self._returns.append(uncounted(trip.claim, self._clock.now()))
                self._release(trip, Ending(State.SCHEDULED, spent=False))


async def _is_closed(job: Job | None) -> bool:
    """Cancel a journey; False = what it was doing takes a while to end."""
    if job is not None:
        try:
            await job.close(timeout=CLOSE_S)
        except TimeoutError:
            return False
    return True


def _is_about_a_recipient(ending: Ending) -> bool:
    """Tell whether a server looked at the letter's people, not at us or the line."""
    verdict = ending.verdict
    return verdict is not None and verdict.scope in (Scope.RECIPIENT, Scope.MESSAGE)
