"""Shaping's database in memory: who runs which domain, and what was kept."""

from __future__ import annotations

from datetime import datetime

from outreachd.rules.records import LedgerAwayError
from outreachd.rules.shaping import Slow


class FakeSlows:
    """Knows some domains' receivers; keeps what it is given."""

    def __init__(self) -> None:
        self.receivers = {"big.example": "google", "mail.example": "google"}
        self.kept: list[Slow] = []
        self.is_away = False

    async def read(self, now: datetime) -> list[Slow]:
        """Read all."""
        return list(self.kept)

    async def put(self, slow: Slow) -> None:
        """Keep one."""
        if self.is_away:
            raise LedgerAwayError
        self.kept.append(slow)

    async def receiver_of(self, domain: str) -> str:
        """Tell who runs it."""
        return self.receivers.get(domain, domain)

    async def domains_of(self, receiver: str) -> list[str]:
        """List those it runs."""
        return [domain for domain, who in self.receivers.items() if who == receiver]
