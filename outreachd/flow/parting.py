"""How a shift ends, and with the last one the daemon: what is waited for, how long.

What has not begun goes back. At a stop of ours what is past its intent is waited for,
so that nothing uncertain is left. Where only the lease was lost it outlasts the shift,
after a grace in which ordinary letters end: the next one need not wait for one server.
Seconds are of the house's clock: whoever asks twice waits in real time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from math import inf

import structlog

from outreachd.clock import Clock
from outreachd.flow.crew import Crew
from outreachd.flow.recorder import Recorder
from outreachd.flow.stragglers import Stragglers

log = structlog.get_logger()

# What an ordinary letter takes; what takes longer outlasts a shift whose lease is lost.
ORDINARY_S = 5.0
# After the limit of the dot, for the outcome to be written.
RECORD_S = 30.0
SECOND_SIGNAL_S = 10.0


class Parting:
    """Ends shifts. ``stopping``: ours was asked for; ``hurry``: a second time."""

    def __init__(
        self,
        stragglers: Stragglers,
        *,
        stopping: asyncio.Event,
        hurry: asyncio.Event,
        house: Clock,
        drain_s: float,
        dot_s: float,
    ) -> None:
        self._stragglers = stragglers
        self._stopping = stopping
        self._hurry = hurry
        self._house = house
        self._drain_s = drain_s
        self._limit_s = dot_s + RECORD_S

    async def end_shift(self, crew: Crew, recorder: Recorder) -> None:
        """End the journeys of a shift, or keep those that hang beyond it."""
        log.info("drain.begins", in_flight=len(crew))
        await self._unless_hurried(self._drain(crew, recorder))
        log.info("drain.ended", left=len(crew))

    async def end_all(self) -> None:
        """Wait for what outlasted its shift: the daemon ends."""
        await self._unless_hurried(self._stragglers.see_out())

    async def _drain(self, crew: Crew, recorder: Recorder) -> None:
        patience_s = inf if self._stopping.is_set() else ORDINARY_S
        try:
            await crew.wind_up(min(self._drain_s, patience_s))
        finally:
            self._stragglers.take(crew, recorder, self._limit_s)
        if self._stopping.is_set():
            await self._stragglers.see_out()

    async def _unless_hurried(self, ending: Coroutine[object, object, None]) -> None:
        """Wait for an end; after a second signal for ten seconds at most."""
        ended = asyncio.ensure_future(ending)
        late = asyncio.ensure_future(self._be_late())
        await asyncio.wait({ended, late}, return_when=asyncio.FIRST_COMPLETED)
        late.cancel()
        if ended.done():
            ended.result()
        else:
            ended.cancel()
            self._stragglers.give_up()

    async def _be_late(self) -> None:
        await self._hurry.wait()
        await self._house.sleep(SECOND_SIGNAL_S)
