"""An exact sliding window: at most ``limit`` sends in any ``period_s``.

For the few sends an hour of one mailbox, where a bucket's average would be too
coarse. Times are seconds on the caller's clock, any origin. Windows are half open:
a send exactly ``period_s`` after another is in the next window.

Invariant: whoever adds no earlier than ``ready_at`` told never exceeds the limit,
also across resize(). Memory: ``limit`` floats, or what is still inside the window
where a limit was lowered.
"""

from __future__ import annotations

from array import array
from bisect import insort
from collections.abc import Iterable
from math import inf


class RecentLog:
    """The newest sends of one mailbox, oldest first."""

    __slots__ = ("_limit", "_period_s", "_times")

    def __init__(self, limit: int, period_s: float) -> None:
        if limit < 0 or period_s <= 0:
            raise ValueError(f"impossible window: {limit=} {period_s=}")
        self._limit = limit
        self._period_s = period_s
        self._times = array("d")

    def ready_at(self, now: float) -> float:
        """Tell when one more is allowed: now, later, or inf if never."""
        if len(self._times) < self._limit:
            return now
        if self._limit == 0:
            return inf
        return max(now, self._times[-self._limit] + self._period_s)

    def add(self, at: float) -> None:
        """Remember one send; a late report of an earlier one finds its place."""
        insort(self._times, at)
        self._forget()

    def resize(self, limit: int) -> None:
        """Change the limit; what is in the window still counts."""
        if limit < 0:
            raise ValueError(f"impossible window: {limit=}")
        self._limit = limit
        self._forget()

    def load(self, times: Iterable[float]) -> None:
        """Start from what a ledger remembers, in any order."""
        self._times = array("d", sorted(times))
        self._forget()

    def _forget(self) -> None:
        """Drop what no later window can hold, beyond the newest ``limit``."""
        times = self._times
        while len(times) > self._limit and times[0] + self._period_s <= times[-1]:
            del times[0]
