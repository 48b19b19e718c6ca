"""What one round of choosing may still give away, of domains, accounts and clients.

Lanes are chosen before the claim and tokens are taken after it; a room keeps the
choice within what the taking will find. It looks at each standing once a round.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import inf

from outreachd.flow.places import Cell, DomainPlace
from outreachd.rules.admission import Standing


class Room:
    """The rest of each standing in this round."""

    def __init__(
        self, accounts: Mapping[int, Standing], now: datetime, mono: float
    ) -> None:
        self._accounts = accounts
        self._now = now
        self._mono = mono
        self._left: dict[Standing, int] = {}
        # By campaign: a heap of its cells' longest idle lanes, while they last.
        self.tops: dict[int, list[tuple[float, int, Cell]]] = {}
        self.blocked_s = inf  # the shortest wait of what was found closed

    def is_open(self, place: DomainPlace) -> bool:
        """Tell whether one more may leave by this domain and one of its accounts."""
        return self.of(place.standing) > 0 and self._account(place) is not None

    def spend(self, place: DomainPlace) -> None:
        """Count one letter of this domain."""
        account = self._account(place)
        assert account is not None
        self._left[account] -= 1
        self._left[place.standing] -= 1

    def spend_one(self, standing: Standing) -> None:
        """Count one letter of this client or campaign."""
        self._left[standing] = self.of(standing) - 1

    def _account(self, place: DomainPlace) -> Standing | None:
        for account_id in place.domain.account_ids:
            standing = self._accounts[account_id]
            if self.of(standing) > 0:
                return standing
        return None

    def of(self, standing: Standing) -> int:
        """Tell how many more may begin by what this standing says."""
        left = self._left.get(standing)
        if left is None:
            left = self._left[standing] = standing.room(self._now, self._mono)
            if left == 0:
                wait_s = standing.wait_s(self._now, self._mono)
                self.blocked_s = min(self.blocked_s, wait_s)
        return left
