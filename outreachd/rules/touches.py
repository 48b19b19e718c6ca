"""Follow-ups before first touches, but for the part a campaign keeps for the latter.

While both wait for one mailbox, each letter earns its first touches ``share`` of a
letter; once a whole one is earned, a first touch goes. So of any n such letters on end,
``floor(n * share)`` to one more are first touches, without dice. What one of them did
not wait for earns nothing. Invariant: what is earned lies in 0..1.
"""

from __future__ import annotations

# Absorbs rounding, so that ten times a tenth is a whole letter.
TOLERANCE = 1e-9


class TouchTurns:
    """What first touches have earned at each mailbox; none at the beginning."""

    def __init__(self) -> None:
        self._earned: dict[int, float] = {}

    def is_first_touch(self, mailbox_id: int, share: float) -> bool:
        """Tell whether the next letter is to be a first touch, while both wait."""
        return self._earned.get(mailbox_id, 0.0) + share >= 1 - TOLERANCE

    def count(self, mailbox_id: int, share: float, *, is_first: bool) -> None:
        """Count a letter for which both waited."""
        self._add(mailbox_id, share - is_first)

    def undo(self, mailbox_id: int, share: float, *, was_first: bool) -> None:
        """Take back the count of a letter that did not go after all."""
        self._add(mailbox_id, was_first - share)

    def _add(self, mailbox_id: int, change: float) -> None:
        earned = self._earned.get(mailbox_id, 0.0) + change
        self._earned[mailbox_id] = min(max(earned, 0.0), 1.0)
