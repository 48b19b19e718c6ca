"""Warm lines to each account, never more of them than the account allows.

``take`` gives a warm line of the same login, or leave to open a new one (None), or
waits its turn: first come, first served. Every ``take`` is answered by exactly one
``keep`` (the line is good), ``drop`` (it is not) or ``free`` (none was opened).
A line is given up when it was idle, old or used for too long: before the server
loses patience. Goodbyes are said in the background. Ages are seconds of the clock
given; it must be a real one, for servers live in real time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from outreachd.wire.line import Line


class ClosedError(Exception):
    """The daemon is stopping: no line is given out any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long and how often a line may be used."""

    idle_s: float = 60.0  # many servers hang up after a few minutes
    max_age_s: float = 1800.0
    max_letters: int = 90  # common servers stop at 100


@dataclass(slots=True)
class Figures:
    """What one account's lines are doing; for people."""

    open: int = 0
    idle: int = 0
    waiting: int = 0
    connects: int = 0  # since start


Waiters = deque[tuple[str, asyncio.Future[Line | None]]]  # login, whose turn


@dataclass(slots=True)
class _Place:
    """One account's lines: ``open`` counts all that the server may see as one."""

    limit: int = 1
    open: int = 0
    connects: int = 0
    idle: list[Line] = field(default_factory=list)  # longest idle first
    waiters: Waiters = field(default_factory=deque)


class Connections:
    """Keeps lines; knows nothing of what is said over them."""

    def __init__(
        self, bounds: Bounds, seconds: Callable[[], float], *, quit_s: float
    ) -> None:
        self._bounds = bounds
        self._seconds = seconds
        self._quit_s = quit_s
        self._places: dict[int, _Place] = {}
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def take(self, account_id: int, limit: int, login: str) -> Line | None:
        """Get a warm line, or None: open one. Raises ClosedError."""
        if self._closed:
            raise ClosedError
        place = self._places.setdefault(account_id, _Place())
        place.limit = limit
        line = self._warm(place, login)
        if line is not None:
            return line
        if place.open < limit:
            self._leave(place)
            return None
        if place.idle:  # of other logins: one of them makes room
            self._retire(place, place.idle.pop(0))
        return await self._wait(account_id, place, login)

    def keep(self, account_id: int, line: Line) -> None:
        """Take back a line that may be used again."""
        place, now = self._places[account_id], self._seconds()
        line.used = now
        _forget_the_cancelled(place.waiters)
        if self._closed or not self._fit(line, now):
            self._retire(place, line)
        elif not place.waiters:
            place.idle.append(line)
            self._watch()
        elif place.waiters[0][0] == line.login:
            place.waiters.popleft()[1].set_result(line)
        else:
            self._retire(place, line)

    def drop(self, account_id: int, line: Line, *, politely: bool = False) -> None:
        """Give up a line: say goodbye if the server is still in its senses."""
        if politely:
            self._retire(self._places[account_id], line)
        else:
            line.cut()
            self.free(account_id)

    def free(self, account_id: int) -> None:
        """Tell that the line that was to be opened was not."""
        self._vacate(self._places[account_id])

    def sweep(self) -> None:
        """Say goodbye to every idle line whose time is over."""
        now = self._seconds()
        for place in self._places.values():
            for line in [x for x in place.idle if not self._fit(x, now)]:
                place.idle.remove(line)
                self._retire(place, line)

    async def close(self) -> None:
        """Give nothing out any more; say goodbye to all idle lines."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        for place in self._places.values():
            while place.waiters:
                place.waiters.popleft()[1].set_exception(ClosedError())
            while place.idle:
                self._retire(place, place.idle.pop())
        while self._goodbyes:
            await asyncio.wait(self._goodbyes)

    def figures(self) -> dict[int, Figures]:
        """Count the lines of each account."""
        return {
            account_id: Figures(
                open=place.open,
                idle=len(place.idle),
                waiting=len(place.waiters),
                connects=place.connects,
            )
            for account_id, place in self._places.items()
        }

    # --- inside --------------------------------------------------------------------

    def _warm(self, place: _Place, login: str) -> Line | None:
        now = self._seconds()
        for at in range(len(place.idle) - 1, -1, -1):
            if place.idle[at].login == login:
                line = place.idle.pop(at)
                if self._fit(line, now):
                    return line
                self._retire(place, line)
        return None

    def _fit(self, line: Line, now: float) -> bool:
        return (
            line.usable
            and line.letters < self._bounds.max_letters
            and now - line.used < self._bounds.idle_s
            and now - line.born < self._bounds.max_age_s
        )

    def _leave(self, place: _Place) -> None:
        place.open += 1
        place.connects += 1

    async def _wait(self, account_id: int, place: _Place, login: str) -> Line | None:
        turn: asyncio.Future[Line | None] = asyncio.get_running_loop().create_future()
        place.waiters.append((login, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                _forget_the_cancelled(place.waiters)
            elif turn.exception() is None:  # our turn came while we were leaving
                line = turn.result()
                if line is None:
                    self.free(account_id)
                else:
                    self.keep(account_id, line)
            raise

    def _vacate(self, place: _Place) -> None:
        place.open -= 1
        _forget_the_cancelled(place.waiters)
        while place.waiters and place.open < place.limit:
            self._leave(place)
            place.waiters.popleft()[1].set_result(None)

    def _retire(self, place: _Place, line: Line) -> None:
        """Say goodbye in the background; the place is free when that is done."""
        task = asyncio.create_task(line.quit(self._quit_s))
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)
        task.add_done_callback(lambda _: self._vacate(place))

    def _watch(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._bounds.idle_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.sweep()
        if any(place.idle for place in self._places.values()):
            self._watch()


def _forget_the_cancelled(waiters: Waiters) -> None:
    """Drop who gave up from the head of the queue; the others are in their turn."""
    while waiters and waiters[0][1].cancelled():
        waiters.popleft()
