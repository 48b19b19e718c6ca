"""Which sender rests at which receiver, asked of every letter before it is made ready.

Nothing is asked of the database for a letter: the domains of the few receivers that
slowed somebody are known by heart. Empty nearly always, and then free. Errors: told
what cannot be stored, it holds in memory and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from outreachd.clock import Clock
from outreachd.rules.actions import Letter
from outreachd.rules.model import Kind
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.shaping import SHAPED, Slow, slowed

log = structlog.get_logger()


class Slows(Protocol):
    """The database as shaping sees it; all may raise LedgerAwayError."""

    async def read(self, now: datetime) -> list[Slow]:
        """Read what holds, and what is not forgotten yet."""

    async def put(self, slow: Slow) -> None:
        """Keep one."""

    async def receiver_of(self, domain: str) -> str:
        """Tell who runs a domain's mail."""

    async def domains_of(self, receiver: str) -> list[str]:
        """List the domains whose mail a receiver runs."""


class Shaping:
    """The slowed senders of one shift."""

    def __init__(self, slows: Slows, clock: Clock) -> None:
        self._slows = slows
        self._clock = clock
        self._found: dict[tuple[Kind, int, str], Slow] = {}
        self._receivers: dict[str, str] = {}  # by domain, of those that slow

    async def begin(self) -> None:
        """Take on what an earlier shift was told."""
        for slow in await self._slows.read(self._clock.now()):
            await self._keep(slow)

    async def told(self, letter: Letter, reason: str) -> None:
        """Rest a sender at the receiver that said so."""
        if reason not in SHAPED:
            return
        kind, _ = SHAPED[reason]
        target_id = letter.account_id if kind is Kind.ACCOUNT else letter.domain_id
        if target_id is None:
            return
        receiver = await self._slows.receiver_of(_domain(letter.email))
        key, now = (kind, target_id, receiver), self._clock.now()
        before = self._found.get(key)
        slow = slowed(before, reason, target_id, receiver, now)
        if slow is before:
            return
        await self._keep(slow)
        log.warning(
            "receiver.slows",
            kind=kind.value,
            id=target_id,
            receiver=receiver,
            reason=reason,
            rounds=slow.rounds,
        )
        try:
            await self._slows.put(slow)
        except LedgerAwayError:
            log.warning("receiver.unwritten", receiver=receiver)

    def wait_s(
        self, email: str, *, account_ids: Sequence[int], domain_id: int, now: datetime
    ) -> float:
        """Tell the seconds until a letter may go to this address by these ways."""
        if not self._found:
            return 0.0
        slow = self.closing(
            email, account_ids=account_ids, domain_id=domain_id, now=now
        )
        return max((one.until - now).total_seconds() for one in slow) if slow else 0.0

    def closing(
        self, email: str, *, account_ids: Sequence[int], domain_id: int, now: datetime
    ) -> list[Slow]:
        """List what keeps a letter from this address now, for people."""
        domain = _domain(email)
        receiver = self._receivers.get(domain, domain)
        keys = [(Kind.ACCOUNT, id, receiver) for id in account_ids]
        keys.append((Kind.DOMAIN, domain_id, receiver))
        found = (self._found.get(key) for key in keys)
        return [slow for slow in found if slow is not None and slow.until > now]

    def __iter__(self) -> Iterator[Slow]:
        return iter(self._found.values())

    async def _keep(self, slow: Slow) -> None:
        self._found[slow.kind, slow.target_id, slow.receiver] = slow
        for domain in await self._slows.domains_of(slow.receiver):
            self._receivers[domain] = slow.receiver


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()
