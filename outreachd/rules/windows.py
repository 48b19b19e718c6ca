"""Counts of the last hours and days, kept as sums: what the rules of health judge.

Time is cut into quarters of an hour, numbered; what comes back counts for the quarter
its letter was sent in. Sums follow as time passes, so that nothing is added up twice.
What is left out (a receiver that was down, what went before somebody began anew) is in
no sum, and what comes later for it neither. Pure; told which quarter it is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from outreachd.rules.health import Counts

QUARTER = timedelta(minutes=15)
QUARTERS = 4  # of an hour
WORDS = ("sent", "hard", "block", "soft", "complaint")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

Left = Collection[tuple[int, str]]  # quarters and receivers that count against nobody


def quarter_of(at: datetime) -> int:
    """Number the quarter that an instant lies in."""
    return (at - EPOCH) // QUARTER


def begin_of(quarter: int) -> datetime:
    """Tell when a quarter begins."""
    return EPOCH + quarter * QUARTER


class Windows:
    """The counts of one mailbox, domain, account or client."""

    __slots__ = ("_first", "_quarters", "_sums", "is_changed")

    def __init__(self, windows_h: Collection[int]) -> None:
        self._quarters: dict[int, dict[str, list[int]]] = {}
        self._sums = {hours: [0] * len(WORDS) for hours in windows_h}
        self._first = 0  # what is older counts no more
        self.is_changed = False  # since somebody last looked

    def count(
        self, quarter: int, receiver: str, word: int, *, now: int, n: int = 1
    ) -> None:
        """Count letters or what came back for them, by the quarter of their sending."""
        receivers = self._quarters.setdefault(quarter, {})
        receivers.setdefault(receiver, [0] * len(WORDS))[word] += n
        self.is_changed = True
        if quarter >= self._first:
            for hours, sums in self._sums.items():
                if quarter > now - hours * QUARTERS:
                    sums[word] += n

    def leave(self, quarter: int, receiver: str, *, now: int) -> None:
        """Count a quarter at a receiver no more."""
        if quarter >= self._first:
            for hours in self._sums:
                if quarter > now - hours * QUARTERS:
                    self._take(hours, quarter, receiver)

    def pass_to(self, now: int, left: Left) -> None:
        """Let the next quarter begin: one slips out of each window."""
        for hours in self._sums:
            gone = now - hours * QUARTERS
            if gone >= self._first:
                for receiver in self._quarters.get(gone, ()):
                    if (gone, receiver) not in left:
                        self._take(hours, gone, receiver)

    def begin_anew(self, quarter: int) -> None:
        """Count only what is sent from this quarter on."""
        self._first = quarter
        self._sums = {hours: [0] * len(WORDS) for hours in self._sums}

    def forget(self, before: int) -> None:
        """Drop quarters that no window reaches any more."""
        for quarter in [q for q in self._quarters if q < before]:
            del self._quarters[quarter]

    def within(self, hours: int) -> Counts:
        """Tell the counts of a window."""
        return Counts(*self._sums[hours])

    def receivers(self, quarters: range) -> set[str]:
        """Name those written to in some quarters."""
        return {name for q in quarters for name in self._quarters.get(q, ())}

    def at(self, quarters: range, receiver: str) -> Counts:
        """Tell the counts of some quarters at one receiver."""
        sums = [0] * len(WORDS)
        for quarter in quarters:
            for word, n in enumerate(self._quarters.get(quarter, {}).get(receiver, ())):
                sums[word] += n
        return Counts(*sums)

    def _take(self, hours: int, quarter: int, receiver: str) -> None:
        sums = self._sums[hours]
        for word, n in enumerate(self._quarters.get(quarter, {}).get(receiver, ())):
            sums[word] -= n
