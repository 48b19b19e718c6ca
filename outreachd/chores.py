"""What a daemon does besides sending: the house, the gauges, the watchdog, the hints.

Each chore runs for ever and begins anew when it ends by a fault; none can stop a
letter. A database that is away is noted once and said once. All in real time, also
where the sending lives on a virtual clock.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog

from outreachd import __version__
from outreachd.clock import Clock
from outreachd.domain_watch import DomainWatch
from outreachd.flow.controller import Controller
from outreachd.flow.lease import Lease
from outreachd.flow.letterbox import Letterbox
from outreachd.flow.reader import Reader
from outreachd.notify import sd_notify, watchdog_interval_s
from outreachd.rules.records import LedgerAwayError
from outreachd.shift import Shift
from outreachd.store.forgetting import PgForgetting
from outreachd.store.hints import Hint, Hints
from outreachd.store.identity import PgIdentity
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
from outreachd.store.steering import PgSteering
from outreachd.telemetry import Metrics

log = structlog.get_logger()

HOUSEKEEPING_S = 10.0
EPOCH_S = 60.0
STALE_S = 30.0
STALE_AT_ONCE = 200  # of each queue and lane: a statement stays short
GAUGES_S = 15.0
HEALTH_S = 60.0
FORGET_S = 3600.0
FORGET_PACE_S = 1.0  # between two chunks: sending comes first
LAG_SAMPLE_S = 0.1
READ_S = 1.0
LETTERBOX_S = 5.0
# Sending comes first; a daemon that starts in a circle asks nothing of the DNS.
WATCH_AFTER_S = 60.0
AGAIN_S = 2.0
NEVER_S = 86_400.0


class Chores:
    """The daemon's chores, and what they know of the database."""

    def __init__(
        self,
        *,
        leases: PgLeases,
        lease: Lease,
        hints: Hints,
        steering: PgSteering,
        identity: PgIdentity,
        ledger: PgLedger,
        metrics: Metrics,
        house: Clock,
        clock: Clock,
        shift: Callable[[], Shift | None],
        grace: timedelta,
        watch: DomainWatch | None = None,
        reader: Reader | None = None,
        letterbox: Letterbox | None = None,
        controller: Controller | None = None,
        forgetting: PgForgetting | None = None,
        follow_calendars: Callable[[datetime], Awaitable[int]] | None = None,
    ) -> None:
        self._leases = leases
        self._lease = lease
        self._hints = hints
        self._steering = steering
        self._identity = identity
        self._ledger = ledger
        self._metrics = metrics
        self._house = house
        self._clock = clock
        self._shift = shift
        self._grace = grace  # what is uncertain for longer is settled by policy
        self._watch = watch  # None = the domains are not looked at
        self._reader = reader  # None = no mailbox is read
        self._letterbox = letterbox
        self._controller = controller  # None = nobody's health is judged
        self._forgetting = forgetting  # None = nothing is forgotten
        self._follow_calendars = follow_calendars  # None = letters lie as they lie
        self.is_database_up = True

    def all(self) -> Iterator[Coroutine[object, object, None]]:
        """Give each chore, to be run beside the sending."""
        for chore in (
            self._keep_house,
            self._count_epochs,
            self._end_stale,
            self._show_gauges,
            self._sample_lag,
            self._pet_watchdog,
            self._hear_hints,
            self._watch_domains,
            self._watch_health,
            self._forget,
            self._read_mailboxes,
            self._empty_letterbox,
        ):
            yield self._forever(chore)

    async def _forever(self, chore: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await chore()
            except LedgerAwayError:
                self._database_is(up=False)
            except Exception:
                log.exception("chore.broken", chore=chore.__name__)
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

    async def _keep_house(self) -> None:
        while True:
            await self.say_alive()
            self._database_is(up=True)
            if self._shift() is not None and self._lease.term is not None:
                now = self._clock.now()
                await self._ledger.recover(term=self._lease.term, now=now)
                settled = await self._ledger.settle_uncertain(
                    now=now, before=now - self._grace
                )
                for state, count in settled.items():
                    log.warning("uncertain.settled", state=state.value, sends=count)
                departed = await self._ledger.settle_departures(now=now)
                if departed:
                    log.warning("departures.settled", **asdict(departed))
                if self._follow_calendars and (n := await self._follow_calendars(now)):
                    log.info("letters.placed", sends=n)
            await self._house.sleep(HOUSEKEEPING_S)

    async def _count_epochs(self) -> None:
        """Make copies of the database grow old, so that one that is restored shows."""
        while True:
            if self._shift() is None:
                await self._identity.follow()
            else:
                await self._identity.count()
            await self._house.sleep(EPOCH_S)

    async def _end_stale(self) -> None:
        """End what came too late to be of use, a batch at a time."""
        while True:
            if self._shift() is not None:
                ended = await self._ledger.expire_stale(
                    now=self._clock.now(), at_most=STALE_AT_ONCE
                )
                if ended:
                    log.warning("stale.ended", sends=ended)
                    continue
            await self._house.sleep(STALE_S)

    async def _show_gauges(self) -> None:
        while True:
            gauges = await self._steering.gauges(self._clock.now())
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
            self._metrics.in_flight.set(len(shift.crew) if shift else 0)

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

    async def _watch_domains(self) -> None:
        """Look at the sending domains; who stands by leaves it to who sends."""
        while True:
            await self._house.sleep(WATCH_AFTER_S)
            while self._watch is not None and self._shift() is not None:
                await self._house.sleep(await self._watch.turn(self._house.now()))

    async def _read_mailboxes(self) -> None:
        """Begin the visits that are due; who stands by reads nothing."""
        reader = self._reader
        try:
            while True:
                shift = self._shift()
                if reader is not None and shift is not None:
                    await reader.turn(shift.pool.roster, shift.inbox.take)
                elif reader is not None:
                    await reader.stop()
                await self._house.sleep(READ_S)
        finally:
            if reader is not None:
                await reader.stop()

    async def _empty_letterbox(self) -> None:
        """Take what was handed in by pipe or laid into the Maildir."""
        while True:
            shift, letterbox = self._shift(), self._letterbox
            is_more = False
            if shift is not None and letterbox is not None:
                is_more = await letterbox.turn(shift.inbox.take)
            await self._house.sleep(0.0 if is_more else LETTERBOX_S)

    async def _watch_health(self) -> None:
        """Judge everybody's health; only who sends decides."""
        while True:
            shift = self._shift()
            if shift is not None and self._controller is not None:
                now, mono = self._clock.now(), self._clock.monotonic()
                await self._controller.hear(shift.refusals)
                if await self._controller.look(shift.pool, now, mono):
                    await shift.reload_pauses()
            await self._house.sleep(HEALTH_S)

    async def _forget(self) -> None:
        """Forget what nobody needs any more; only who sends does."""
        while True:
            await self._house.sleep(FORGET_S)
            forgetting = self._forgetting
            while forgetting is not None and self._shift() is not None:
                if not await forgetting.turn(self._clock.now()):
                    await forgetting.drop_attachments()
                    break
                await self._house.sleep(FORGET_PACE_S)

    def _database_is(self, *, up: bool) -> None:
        self._metrics.db_up.set(up)
        if up != self.is_database_up:
            self.is_database_up = up
            if up:
                log.info("ledger.back")
            else:
                log.warning("ledger.away")
