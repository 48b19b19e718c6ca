"""What only the daemon that sends does for the fleet, beside the sending itself.

Settles what is left over, ends what came too late, looks at the sending domains, judges
health, forgets what nobody needs, reads mail, shows connections. Each duty runs for
ever and looks anew whether there is a shift: who stands by leaves all of it alone.
Errors, LedgerAwayError among them, end a duty; whoever runs it begins it anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog

from outreachd.clock import Clock
from outreachd.domain_watch import DomainWatch
from outreachd.flow.controller import Controller
from outreachd.flow.lease import Lease
from outreachd.flow.letterbox import Letterbox
from outreachd.flow.reader import Reader
from outreachd.flow.stragglers import Stragglers
from outreachd.shift import Shift
from outreachd.store.forgetting import PgForgetting
from outreachd.store.ledger import PgLedger
from outreachd.telemetry import Metrics
from outreachd.wire.connections import Figures

log = structlog.get_logger()

SETTLE_S = 10.0
STALE_S = 30.0
STALE_AT_ONCE = 200  # of each queue and lane: a statement stays short
HEALTH_S = 60.0
FORGET_S = 3600.0
FORGET_PACE_S = 1.0  # between two chunks: sending comes first
READ_S = 1.0
LETTERBOX_S = 5.0
CONNECTIONS_S = 15.0
# Sending comes first; a daemon that starts in a circle asks nothing of the DNS.
WATCH_AFTER_S = 60.0


class Duties:
    """The duties of who sends."""

    def __init__(
        self,
        *,
        shift: Callable[[], Shift | None],
        lease: Lease,
        ledger: PgLedger,
        house: Clock,
        clock: Clock,
        grace: timedelta,
        controller: Controller,
        forgetting: PgForgetting,
        follow_calendars: Callable[[datetime], Awaitable[int]],
        watch: DomainWatch | None,
        reader: Reader | None,
        letterbox: Letterbox | None,
        connections: Callable[[], Mapping[int, Figures]],
        metrics: Metrics,
        stragglers: Stragglers,
    ) -> None:
        self._shift = shift
        self._lease = lease
        self._ledger = ledger
        self._house = house
        self._clock = clock
        self._grace = grace  # what is uncertain for longer is settled by policy
        self._controller = controller
        self._forgetting = forgetting
        self._follow_calendars = follow_calendars
        self._watch = watch  # None = the domains are not looked at
        self._reader = reader  # None = no mailbox is read
        self._letterbox = letterbox
        self._connections = connections  # by account id
        self._metrics = metrics
        self._stragglers = stragglers

    def all(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """List them, to be run for ever."""
        return (
            self._settle,
            self._end_stale,
            self._watch_domains,
            self._watch_health,
            self._forget,
            self._read_mailboxes,
            self._show_connections,
            self._empty_letterbox,
        )

    async def _settle(self) -> None:
        """Settle what dead owners, old doubts, lost mailboxes and cut applies left."""
        while True:
            if self._shift() is not None and self._lease.term is not None:
                now = self._clock.now()
                await self._ledger.recover(term=self._lease.term, now=now)
                settled = await self._ledger.settle_uncertain(
                    now=now,
                    before=now - self._grace,
                    hanging=self._stragglers.send_ids(),
                )
                for state, count in settled.items():
                    log.warning("uncertain.settled", state=state.value, sends=count)
                departed = await self._ledger.settle_departures(now=now)
                if departed:
                    log.warning("departures.settled", **asdict(departed))
                if n := await self._follow_calendars(now):
                    log.info("letters.placed", sends=n)
            await self._house.sleep(SETTLE_S)

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

    async def _show_connections(self) -> None:
        """Show who has connections, and who waits for one: a limit that is too low."""
        while True:
            shift = self._shift()
            accounts = shift.pool.roster.accounts if shift is not None else {}
            found = {
                accounts[id].name: figures
                for id, figures in self._connections().items()
                if id in accounts
            }
            metrics = self._metrics
            metrics.connections_open.show({n: f.open for n, f in found.items()})
            metrics.connections_idle.show({n: f.idle for n, f in found.items()})
            metrics.connections_waiting.show({n: f.waiting for n, f in found.items()})
            await self._house.sleep(CONNECTIONS_S)

    async def _watch_health(self) -> None:
        """Judge everybody's health; only who sends decides."""
        while True:
            shift = self._shift()
            if shift is not None:
                now, mono = self._clock.now(), self._clock.monotonic()
                await self._controller.hear(shift.refusals)
                if await self._controller.look(shift.pool, now, mono):
                    await shift.reload_pauses()
            await self._house.sleep(HEALTH_S)

    async def _forget(self) -> None:
        """Forget what nobody needs any more; only who sends does."""
        while True:
            await self._house.sleep(FORGET_S)
            while self._shift() is not None:
                if not await self._forgetting.turn(self._clock.now()):
                    await self._forgetting.drop_attachments()
                    break
                await self._house.sleep(FORGET_PACE_S)
