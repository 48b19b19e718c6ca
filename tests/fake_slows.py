"""Shaping's database in memory: who runs which domain, and what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from outreachd.rules.shaping import Slow


class FakeSlows:
    """Knows some domains' receivers; a test puts what was kept."""

    def __init__(self) -> None:
        self.receivers = {"big.example": "google", "mail.example": "google"}
        self.kept: list[Slow] = []
        self.asked: list[list[str]] = []  # domains whose receivers were asked at once

    async def read(self, now: datetime) -> list[Slow]:
        """Read all."""
        return list(self.kept)

    async def receiver_of(self, domain: str) -> str:
        """Tell who runs it."""
        return self.receivers.get(domain, domain)

    async def receivers_of(self, domains: Sequence[str]) -> dict[str, str]:
        """Tell who runs each."""
        self.asked.append(sorted(domains))
        return {domain: self.receivers.get(domain, domain) for domain in domains}

    async def domains_of(self, receiver: str) -> list[str]:
        """List those it runs."""
        return [domain for domain, who in self.receivers.items() if who == receiver]
