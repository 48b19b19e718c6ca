"""Holding the lease on the fleet: when this daemon may send, and when no longer.

The lease is trusted for its term less a margin, counted from when the request was
*started*, on a clock that counts suspension: a daemon that slept, or is cut off from
the database, stops by itself before another one can begin. The database checks the
term once more in every intent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import Protocol

import structlog

from outreachd.clock import Clock
from outreachd.rules.records import LedgerAwayError

log = structlog.get_logger()

# Part of the lease time that is not relied on: clocks drift, requests take time.
MARGIN = 0.15
RENEWALS = 3  # in the time of one lease


class Leases(Protocol):
    """The lease row."""

    async def take(self, ttl_s: float) -> int | None:
        """Take the lease if it is free; the new term, or None."""

    async def renew(self, term: int, ttl_s: float) -> bool:
        """Keep the lease; False = it is lost for good."""

    async def release(self, term: int) -> None:
        """Give the lease up."""


class Lease:
    """One daemon's side of the lease."""

    def __init__(self, leases: Leases, clock: Clock, ttl_s: float) -> None:
        self._leases = leases
        self._clock = clock
        self._ttl_s = ttl_s
        self._trusted_until = -inf
        self.term: int | None = None

    def is_trusted(self) -> bool:
        """Whether this daemon may still begin something."""
        return self._clock.monotonic() < self._trusted_until

    def trusts(self, term: int) -> bool:
        """Whether who began in this term may still begin something: never again after.

        A letter of an earlier term that hangs must not go on because we own the fleet
        anew: another daemon may have owned it, and judged that letter, in between.
        """
        return self.term == term and self.is_trusted()

    async def acquire(self, meanwhile: Callable[[], Awaitable[None]]) -> int:
        """Wait until the lease is ours; tell the term.

        ``meanwhile`` is called each time that it is not to be had.
        """
        while True:
            started = self._clock.monotonic()
            try:
                term = await self._take()
            except LedgerAwayError:
                term = None
            if term is not None:
                self.term = term
                self._trust_from(started)
                return term
            await meanwhile()
            await self._clock.sleep(self._ttl_s / RENEWALS)

    async def _take(self) -> int | None:
        """Try once; who is stopped meanwhile gives back what it still brings."""
        taking = asyncio.ensure_future(self._leases.take(self._ttl_s))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            with suppress(LedgerAwayError):
                self.term = await taking
                await self.give_up()
            raise

    async def keep(self) -> None:
        """Renew until the lease is lost."""
        assert self.term is not None
        while True:
            await self._clock.sleep(self._ttl_s / RENEWALS)
            started = self._clock.monotonic()
            try:
                kept = await self._leases.renew(self.term, self._ttl_s)
            except LedgerAwayError:
                continue  # trust ends by itself; the database may come back in time
            if not kept:
                log.error("lease.lost", term=self.term)
                self._trusted_until = -inf
                return
            self._trust_from(started)

    async def give_up(self) -> None:
        """Let a standby begin at once."""
        self._trusted_until = -inf
        if self.term is not None:
            await self._leases.release(self.term)
            self.term = None

    def _trust_from(self, started: float) -> None:
        self._trusted_until = started + self._ttl_s * (1 - MARGIN)
