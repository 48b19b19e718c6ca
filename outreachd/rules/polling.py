"""When each mailbox is read: everybody in turn, and who fails later and later.

Each source has its own moment in every interval, spread evenly by its id and fixed on
the wall clock, so that neither a start nor a restart asks all at once, and a daemon
that restarts in a circle still reads everything in turn. One that fails comes back
later and later, alone; a host that hangs gets one connection until it answers again.
Told now (seconds since the epoch) and the dice. Intervals and waits are seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from outreachd.rules.sources import Key, Result, Source

# Neighbours in id are far apart in time: multiples of it fill an interval evenly,
# however many there are (the golden ratio's fraction).
SPREAD = 0.618_033_988_749_895
# Nobody who fails is asked again later than this; refused logins lock mailboxes.
BACK_OFF_S = 3600.0
AFTER_REFUSAL_S = 1800.0
JITTER = 0.3  # part of a wait that chance adds
SOON_S = 30.0  # there was more than one visit may take, or nothing could be stored
DEAF_AFTER = 3  # intervals without a reading


@dataclass(slots=True)
class _Place:
    """Where a source stands in the schedule."""

    source: Source
    due_at: float
    failures: int = 0
    is_out: bool = False  # being read, or waiting for room at its host
    has_room: bool = False  # one of the connections that are counted


@dataclass(slots=True)
class _Host:
    """Who waits for one host, and how many of its connections are open."""

    waiting: deque[Key] = field(default_factory=deque)
    open: int = 0
    hangs: bool = False


class Schedule:
    """Who is read next. ``at_once`` bounds all, half of it each host."""

    def __init__(
        self, *, interval_s: float, at_once: int, dice: Callable[[], float]
    ) -> None:
        self._interval_s = interval_s
        self._at_once = at_once
        self._dice = dice
        self._wanted: Mapping[Key, Source] = {}
        self._places: dict[Key, _Place] = {}
        self._heap: list[tuple[float, Key]] = []
        self._hosts: dict[str, _Host] = {}
        self._out = 0

    def replace(self, wanted: Mapping[Key, Source], now: float) -> None:
        """Take on the sources as they are now; one that changed has no past."""
        self._wanted = wanted
        for key in self._places.keys() - wanted.keys():
            if not self._places[key].is_out:
                del self._places[key]
        for key, source in wanted.items():
            place = self._places.get(key)
            if place is None:
                self._places[key] = _Place(source, 0.0)
                self._put(key, self._moment(key, now))
            elif place.source != source and not place.is_out:
                self._change(place, now)

    def due(self, now: float) -> list[Source]:
        """Take those whose moment has come and for whom there is room."""
        while self._heap and self._heap[0][0] <= now:
            due_at, key = heappop(self._heap)
            place = self._places.get(key)
            if place is None or place.due_at != due_at or place.is_out:
                continue  # it left, or has another moment by now
            place.is_out = True
            host = self._hosts.setdefault(place.source.imap.host, _Host())
            host.waiting.append(key)
        return self._admit()

    def _admit(self) -> list[Source]:
        """Let hosts take turns, so that none fills the room."""
        found: list[Source] = []
        hosts = [host for host in self._hosts.values() if host.waiting]
        while hosts and self._out < self._at_once:
            hosts = [h for h in hosts if h.waiting and h.open < self._room(h)]
            for host in hosts:
                if self._out < self._at_once:
                    host.open += 1
                    self._out += 1
                    place = self._places[host.waiting.popleft()]
                    place.has_room = True
                    found.append(place.source)
        return found

    def _room(self, host: _Host) -> int:
        return 1 if host.hangs else max(self._at_once // 2, 1)

    def make_room(self, source: Source) -> None:
        """Count one no more that only listens from now on."""
        self._leave(self._places[source.key], Result.READ)

    def ended(self, source: Source, result: Result, now: float) -> None:
        """Set the next moment of one that was read, or could not be."""
        place = self._places[source.key]
        self._leave(place, result)
        place.is_out = False
        if source.key not in self._wanted:
            del self._places[source.key]
            return
        if self._wanted[source.key] != source:
            self._change(place, now)
            return
        match result:
            case Result.READ:
                place.failures = 0
                self._put(source.key, self._moment(source.key, now))
            case Result.MORE | Result.UNSTORED:
                self._put(source.key, now + self._scattered(SOON_S))
            case _:
                place.failures += 1
                wait_s = self._back_off_s(place.failures, result)
                self._put(source.key, now + self._scattered(wait_s))

    def _change(self, place: _Place, now: float) -> None:
        """Take on another login or host: what was wrong with the old is forgotten."""
        place.source, place.failures = self._wanted[place.source.key], 0
        self._put(place.source.key, now + self._dice() * SOON_S)

    def _leave(self, place: _Place, result: Result) -> None:
        if not place.has_room:
            return
        place.has_room = False
        self._out -= 1
        name = place.source.imap.host
        host = self._hosts[name]
        host.open -= 1
        host.hangs = result is Result.LATE or (
            host.hangs and result in (Result.UNREACHABLE, Result.LOST)
        )
        if not (host.open or host.waiting or host.hangs):
            del self._hosts[name]

    def _back_off_s(self, failures: int, result: Result) -> float:
        wait_s = self._interval_s * 2.0 ** min(failures - 1, 20)
        if result is Result.REFUSED:
            wait_s = max(wait_s, AFTER_REFUSAL_S)
        return min(wait_s, max(BACK_OFF_S, self._interval_s))

    def _scattered(self, wait_s: float) -> float:
        return wait_s * (1.0 + JITTER * self._dice())

    def _moment(self, key: Key, now: float) -> float:
        """Find the next moment of a source after now."""
        kind, id = key
        phase_s = (id * SPREAD + (kind == "inbox") / 2) % 1.0 * self._interval_s
        return now + self._interval_s - (now - phase_s) % self._interval_s

    def _put(self, key: Key, due_at: float) -> None:
        self._places[key].due_at = due_at
        heappush(self._heap, (due_at, key))

    # --- figures ----------------------------------------------------------------------

    def lag_s(self, now: float) -> float:
        """Tell how late the latest is that waits for room or for its turn."""
        waiting = [
            self._places[key].due_at
            for host in self._hosts.values()
            for key in host.waiting
        ]
        return max((now - due_at for due_at in waiting), default=0.0)
