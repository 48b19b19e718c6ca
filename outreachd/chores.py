"""What a daemon does besides sending: list, epochs, gauges, watchdog, hints, duties.

Each chore runs for ever and begins anew when it ends by a fault; none can stop a
letter. A database that is away is noted once and said once. All in real time, also
where the sending lives on a virtual clock.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from math import inf
from typing import TypeAlias

import structlog

from outreachd import __version__
from outreachd.clock import Clock
from outreachd.notify import sd_notify, watchdog_interval_s
from outreachd.rules.records import LedgerAwayError
from outreachd.shift import Shift
from outreachd.store.hints import Hint, Hints
from outreachd.store.identity import PgIdentity
from outreachd.store.journal import JournalError
from outreachd.store.lease import PgLeases
from outreachd.store.steering import PgSteering
from outreachd.telemetry import Metrics

log = structlog.get_logger()

LISTED_S = 10.0
EPOCH_S = 60.0
GAUGES_S = 15.0
LAG_SAMPLE_S = 0.1
AGAIN_S = 2.0
NEVER_S = 86_400.0
SAID_AGAIN_S = 600.0  # a chore that breaks in the same way each time

Chore: TypeAlias = Callable[[], Awaitable[None]]


class Chores:
    """The daemon's chores, and what they know of the database."""

    def __init__(
        self,
        *,
        leases: PgLeases,
        hints: Hints,
        steering: PgSteering,
        identity: PgIdentity,
        metrics: Metrics,
        house: Clock,
        clock: Clock,
        shift: Callable[[], Shift | None],
        duties: Iterable[Chore],
    ) -> None:
        self._leases = leases
        self._hints = hints
        self._steering = steering
        self._identity = identity
        self._metrics = metrics
        self._house = house
        self._clock = clock
        self._shift = shift
        self._duties = duties
        self.is_database_up = True
        self.why_away = ""  # in the words of the first error

    def all(self) -> Iterator[Coroutine[object, object, None]]:
        """Give each chore, to be run beside the sending."""
        for chore in (
            self._stay_listed,
            self._count_epochs,
            self._show_gauges,
            self._sample_lag,
            self._pet_watchdog,
            self._hear_hints,
            *self._duties,
        ):
            yield self._forever(chore)

    async def _forever(self, chore: Chore) -> None:
        said, said_at = "", -inf
        while True:
            try:
                await chore()
            except LedgerAwayError as error:
                self._database_is(up=False, why=str(error))
            except Exception as error:  # noqa: BLE001 - it is told, now and then
                mono = self._house.monotonic()
                if repr(error) != said or mono - said_at >= SAID_AGAIN_S:
                    said, said_at = repr(error), mono
                    _tell_broken(chore, error)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                return  # our end came as a fault of the database; it comes only once
            await self._house.sleep(AGAIN_S)

    async def say_alive(self) -> None:
        """Put this daemon on the list of instances, and say as what."""
        await self._leases.seen(
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            role="active" if self._shift() else "standby",
            now=self._house.now(),
        )

    async def _stay_listed(self) -> None:
        while True:
            await self.say_alive()
            await self._house.sleep(LISTED_S)

    async def _count_epochs(self) -> None:
        """Make copies of the database grow old, so that one that is restored shows."""
        while True:
            if self._shift() is None:
                await self._identity.follow()
            else:
                await self._identity.count()
            await self._house.sleep(EPOCH_S)

    async def _show_gauges(self) -> None:
        while True:
            gauges = await self._steering.gauges(self._clock.now())
            # Told here alone: where sends are locked, less than this still succeeds.
            self._database_is(up=True)
            metrics = self._metrics
            metrics.due.set(gauges.due)
            metrics.oldest_due_seconds.set(gauges.oldest_due_s)
            metrics.uncertain.set(gauges.uncertain)
            metrics.held.show(gauges.held)
            metrics.mailboxes.show(gauges.mailboxes)
            metrics.domains.show(gauges.domains)
            metrics.accounts.show(gauges.accounts)
            metrics.domain_checks(gauges.domain_checks)
            await self._house.sleep(GAUGES_S)

    async def _sample_lag(self) -> None:
        while True:
            before = self._house.monotonic()
            await self._house.sleep(LAG_SAMPLE_S)
            lag_s = self._house.monotonic() - before - LAG_SAMPLE_S
            self._metrics.loop_lag_seconds.observe(max(lag_s, 0.0))
            shift = self._shift()
            self._metrics.in_flight.set(shift.in_flight if shift else 0)

    async def _pet_watchdog(self) -> None:
        """Say that the loop lives. A database that is away must not restart us."""
        interval_s = watchdog_interval_s()
        while True:
            if interval_s is not None:
                sd_notify("WATCHDOG=1")
            await self._house.sleep(interval_s or NEVER_S)

    async def _hear_hints(self) -> None:
        await self._hints.run(self._on_hint)

    async def _on_hint(self, hint: Hint) -> None:
        shift = self._shift()
        if shift is None:
            return
        match hint:
            case Hint.FLEET:
                await shift.reload_fleet()
            case Hint.WORK:
                shift.feed.hint()
            case Hint.PAUSE:
                await shift.reload_pauses()

    def _database_is(self, *, up: bool, why: str = "") -> None:
        self._metrics.db_up.set(up)
        if up != self.is_database_up:
            self.is_database_up = up
            if up:
                log.info("ledger.back")
            else:
                self.why_away = why
                log.warning("ledger.away", why=why)


def _tell_broken(chore: Chore, error: Exception) -> None:
    if isinstance(error, JournalError):
        log.error("state.unwritable", why=str(error))
    else:
        log.error("chore.broken", chore=chore.__name__, exc_info=error)
