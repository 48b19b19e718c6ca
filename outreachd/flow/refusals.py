"""Refusals before DATA, kept until the next look at health counts them.

They leave no attempt in the ledger, and a first touch not even the mailbox it was
refused from: here they are kept by quarter, sender and receiver, in memory, and written
each minute in one statement. A daemon that ends forgets those of its last minute; they
are counts, no letter is lost by it. Nothing waits here.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from outreachd.rules.refusal import Refused

# What is refused in so many ways in a minute needs no exact count. (Rows; some 20 MB.)
MOST = 50_000


class Refusals:
    """What was refused since it was last counted."""

    def __init__(self) -> None:
        self._counts: dict[Refused, int] = {}

    def note(self, refused: Refused) -> None:
        """Count one, or some that could not be written."""
        kind = replace(refused, n=1)
        if kind in self._counts or len(self._counts) < MOST:
            self._counts[kind] = self._counts.get(kind, 0) + refused.n

    def take(self) -> list[Refused]:
        """Give all there are, and forget them."""
        counts, self._counts = self._counts, {}
        return [replace(kind, n=n) for kind, n in counts.items()]

    def put_back(self, rows: Iterable[Refused]) -> None:
        """Take again what could not be written."""
        for row in rows:
            self.note(row)
