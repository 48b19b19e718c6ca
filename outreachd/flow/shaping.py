"""Which sender rests at which receiver, asked of every letter before it is made ready.

Nothing is asked of the database for a letter: the domains of the few receivers that
slowed somebody are known by heart. Empty nearly always, and then free. A rest holds
once it is stored, with the notice that brought it. Errors: LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from outreachd.clock import Clock
from outreachd.rules.actions import Letter
from outreachd.rules.model import Kind
from outreachd.rules.shaping import SHAPED, Slow, slowed

log = structlog.get_logger()


class Slows(Protocol):
    """The database as shaping sees it; all may raise LedgerAwayError."""

    async def read(self, now: datetime) -> list[Slow]:
        """Read what holds, and what is not forgotten yet."""

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
            await self._know(slow.receiver)
            self._found[slow.kind, slow.target_id, slow.receiver] = slow

    async def rest(self, letter: Letter, reason: str) -> Slow | None:
        """Say how a sender must rest at the receiver that said so; None = no longer.

        It does not yet: whoever has stored it tells us by ``keep``.
        """
        if reason not in SHAPED:
            return None
        kind, _ = SHAPED[reason]
        target_id = letter.account_id if kind is Kind.ACCOUNT else letter.domain_id
        if target_id is None:
            return None
        receiver = await self._slows.receiver_of(_domain(letter.email))
        await self._know(receiver)
        before = self._found.get((kind, target_id, receiver))
        slow = slowed(before, reason, target_id, receiver, self._clock.now())
        return None if slow is before else slow

    def keep(self, slow: Slow) -> None:
        """Rest a sender from now on."""
        self._found[slow.kind, slow.target_id, slow.receiver] = slow
        log.warning(
            "receiver.slows",
            kind=slow.kind.value,
            id=slow.target_id,
            receiver=slow.receiver,
            reason=slow.reason,
            rounds=slow.rounds,
        )

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

    async def _know(self, receiver: str) -> None:
        for domain in await self._slows.domains_of(receiver):
            self._receivers[domain] = receiver


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()
