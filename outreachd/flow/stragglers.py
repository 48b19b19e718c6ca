"""Stragglers: letters past their intent whose shift has ended before they did.

A daemon that had lost the database begins its next shift though a server still has to
answer for a letter of the last one. Such a letter goes on in its old crew, which this
keeps for as long as the daemon lives: it counts as under way, keeps its mailbox and its
account's line busy, is never sent anew from here while it hangs, and its outcome is
recorded, or journaled, as any other. How long one may hang is bounded (``limit_s``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import structlog

from outreachd.flow.crew import Crew
from outreachd.flow.journey import Trip
from outreachd.flow.recorder import Recorder
from outreachd.rules.pulse import UnderWay

log = structlog.get_logger()

Outlasting: TypeAlias = list[tuple[Crew, Sequence[Trip]]]


class Stragglers:
    """The crews of ended shifts that still have somebody out."""

    def __init__(self) -> None:
        self._crews: dict[asyncio.Task[None], tuple[Crew, Recorder]] = {}
        self._is_over = False

    def __len__(self) -> int:
        return sum(len(crew) for crew, _ in self._crews.values())

    def __contains__(self, send_id: int) -> bool:
        """Tell whether the letter of a send may still be accepted."""
        return any(send_id in crew for crew, _ in self._crews.values())

    def send_ids(self) -> list[int]:
        """List the sends whose letters hang."""
        return [id for crew, _ in self._crews.values() for id in crew.send_ids()]

    def under_way(self) -> Iterator[UnderWay]:
        """Tell of each letter by which account it leaves, and since when."""
        for crew, _ in self._crews.values():
            yield from crew.under_way()

    def take(self, crew: Crew, recorder: Recorder, limit_s: float) -> None:
        """Keep a crew that is wound up, until its last letter ends or is given up."""
        if len(crew) and not self._is_over:
            waiting = asyncio.create_task(crew.see_out(limit_s))
            self._crews[waiting] = crew, recorder
            waiting.add_done_callback(self._ended)

    def _ended(self, waiting: asyncio.Task[None]) -> None:
        del self._crews[waiting]
        if not waiting.cancelled() and (fault := waiting.exception()):
            log.error("job.broken", exc_info=fault)

    # --- a shift that begins ----------------------------------------------------------

    def outlasting(self) -> Outlasting:
        """Tell what hangs, before the facts are read that a pool begins with."""
        return [(crew, crew.trips()) for crew, _ in self._crews.values()]

    def pass_on(self, outlasting: Outlasting, heir: Crew) -> None:
        """Let them end in the pool of the shift that begins."""
        for crew, trips in outlasting:
            crew.pass_on(trips, heir)

    # --- the end of the daemon --------------------------------------------------------

    async def see_out(self) -> None:
        """Wait for the last; what is known then need not wait for the ledger."""
        for _, recorder in self._crews.values():
            recorder.leave()
        while self._crews:
            await asyncio.wait(self._crews)

    def give_up(self) -> None:
        """Wait no more."""
        self._is_over = True
        for waiting in self._crews:
            waiting.cancel()
