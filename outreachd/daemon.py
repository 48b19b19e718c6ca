"""The daemon: builds every room, wires them, supervises, drains on SIGTERM.

Life: open the database and the listeners, wait for the lease, run a shift, end it
well, wait again. A standby is a daemon that waits. A lost database degrades, it does
not end the process; a letter that hangs at a server meanwhile does not hold up the next
shift. A fault in a helper task is logged and the task begins anew.
Always holds: when ``run()`` returns, what was past its intent has been recorded or
journaled, the rest is given back, and the lease is free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from uuid import uuid4

import structlog

from outreachd import __version__
from outreachd.chores import Chores
from outreachd.clock import Clock, RealClock
from outreachd.config import Settings
from outreachd.doors import Doors
from outreachd.duties import Duties
from outreachd.equipment import Equipment
from outreachd.flow.controller import Controller
from outreachd.flow.lease import Lease
from outreachd.flow.parting import Parting
from outreachd.helm import Helm
from outreachd.notify import sd_notify
from outreachd.rules.records import LedgerAwayError
from outreachd.shift import Shift, tell_journal
from outreachd.store.forgetting import PgForgetting
from outreachd.store.health import PgHealth
from outreachd.store.hints import Hints
from outreachd.store.journal import JournalError
from outreachd.store.roster import RosterError
from outreachd.store.steering import PgSteering
from outreachd.store.timetable import follow_calendars
from outreachd.telemetry import Metrics
from outreachd.watchman import Watchman

log = structlog.get_logger()

AGAIN_S = 2.0
FORGET_AFTER = timedelta(minutes=10)


class Daemon:
    """One process of outreachd; ``clock`` may be a virtual one, for the demo."""

    def __init__(
        self, settings: Settings, dsn: str, token: str, clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._dsn = dsn
        self._token = token
        self._clock = clock or RealClock()
        self._house = RealClock()  # leases, watchdog and servers live in real time
        self._id = uuid4()
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._shift: Shift | None = None
        self._trouble: str | None = None  # why no shift could begin, or went on
        self._server_down: str | None = None  # why our own PostgreSQL does not start
        self.metrics = Metrics()
        self.address: object = None

    # --- life -------------------------------------------------------------------------

    def stop(self) -> None:
        """Begin to end; a second call makes it quick."""
        if self._stopping.is_set():
            self._hurry.set()
        else:
            sd_notify("STOPPING=1", "STATUS=finishing the letters under way")
        self._stopping.set()
        if self._shift is not None:
            self._shift.stop()

    def tell_server(self, why: str | None) -> None:
        """Know why our own PostgreSQL does not start; None = it runs."""
        self._server_down = why

    async def run(self) -> None:
        """Live until stopped."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            sd_notify("READY=1", "STATUS=standby")
            log.info("daemon.ready", instance=str(self._id), version=__version__)
            async with asyncio.TaskGroup() as group:
                chores = [group.create_task(chore) for chore in self._chores.all()]
                await self._shifts()
                await self._parting.end_all()
                for task in chores:
                    task.cancel()
            with suppress(LedgerAwayError):
                await self._leases.forget(before=self._house.now() - FORGET_AFTER)
        log.info("daemon.ended")

    async def _open(self, stack: AsyncExitStack) -> None:
        """Open what lasts as long as the process, and wire it."""
        settings = self._settings
        equipment = await Equipment.open(
            stack,
            settings,
            self._dsn,
            instance=self._id,
            clock=self._clock,
            house=self._house,
            metrics=self.metrics,
        )
        self._leases, self._identity = equipment.leases, equipment.identity
        self._lease = Lease(self._leases, self._house, settings.send.lease_s)
        self._tools = equipment.tools
        self._parting = Parting(
            self._tools.stragglers,
            stopping=self._stopping,
            hurry=self._hurry,
            house=self._house,
            drain_s=settings.send.drain_s,
            dot_s=settings.send.limits.dot_s,
        )
        self._chores = Chores(
            leases=self._leases,
            hints=Hints(equipment.database, self._house),
            steering=PgSteering(equipment.database),
            identity=self._identity,
            metrics=self.metrics,
            house=self._house,
            clock=self._clock,
            shift=lambda: self._shift,
            duties=(*self._duties(equipment, stack).all(), self._watch),
        )
        self.address = await self._open_doors(equipment, stack)

    async def _open_doors(self, equipment: Equipment, stack: AsyncExitStack) -> object:
        """Let in whoever asks and steers; tell the address of the control listener."""
        settings = self._settings
        helm = Helm(
            equipment.database,
            self._clock,
            self._tools.mint,
            shift=lambda: self._shift,
            readiness=self._readiness,
            drain=self.stop,
            rules=settings.health.rules(),
        )
        self._watchman = Watchman(helm.glance, helm.silent, self.metrics, self._house)
        doors = Doors(
            settings=settings,
            database=equipment.database,
            clock=self._clock,
            house=self._house,
            metrics=self.metrics,
            eraser=equipment.eraser,
            token=self._token,
        )
        return await doors.open(stack, helm)

    def _duties(self, equipment: Equipment, stack: AsyncExitStack) -> Duties:
        settings = self._settings
        return Duties(
            shift=lambda: self._shift,
            lease=self._lease,
            ledger=self._tools.ledger,
            house=self._house,
            clock=self._clock,
            grace=timedelta(seconds=settings.send.uncertain_grace_s),
            controller=Controller(
                PgHealth(equipment.database), settings.health.rules()
            ),
            forgetting=PgForgetting(equipment.database),
            follow_calendars=partial(follow_calendars, equipment.database),
            watch=equipment.watch(),
            reader=equipment.reader(stack),
            letterbox=equipment.letterbox(),
            connections=equipment.connections,
            metrics=self.metrics,
            stragglers=self._tools.stragglers,
        )

    # --- shifts -----------------------------------------------------------------------

    async def _shifts(self) -> None:
        """Hold the lease as often as it can be had, and send while it is held."""
        while not self._stopping.is_set():
            acquiring = self._lease.acquire(self._tell_journal)
            if await self._until_stopped(acquiring) is None:
                return
            try:
                await self._one_shift()
            except Exception as error:  # noqa: BLE001 - it is told, once
                self._met(error)
                await self._house.wait(self._stopping, AGAIN_S)
            finally:
                self._shift = None
                with suppress(LedgerAwayError):
                    await self._lease.give_up()

    def _met(self, error: Exception) -> None:
        """Keep why there is no shift, and say it, once however often it is tried."""
        match error:
            case LedgerAwayError():
                event, why = "ledger.away", str(error)
            case RosterError():
                event = "fleet.unreadable"
                why = f"the fleet in the database makes no sense: {error}"
            case JournalError():
                event, why = "state.unwritable", str(error)
            case _:
                event = "shift.broken"
                why = f"sending ends by a bug ({type(error).__name__}): see the log"
        if why == self._trouble:
            return
        self._trouble = why
        if event == "shift.broken":
            log.error(event, exc_info=error)
        else:
            tell = log.warning if isinstance(error, LedgerAwayError) else log.error
            tell(event, why=why)

    async def _tell_journal(self) -> None:
        """Let who sends instead of us know our outcomes, before they count as doubt."""
        try:
            if told := await tell_journal(self._tools):
                log.info("journal.told", outcomes=told)
        except LedgerAwayError:
            pass  # the next try is as good
        except Exception:
            log.exception("journal.broken")

    async def _one_shift(self) -> None:
        assert self._lease.term is not None
        # From the first moment: to begin may take longer than a lease.
        keeper = asyncio.create_task(self._lease.keep())
        try:
            await self._identity.begin(self._clock.now())
            shift = await Shift.begin(self._tools, self._lease.term)
            keeper.add_done_callback(lambda _: shift.feed.stop())
            await self._send(shift)
            if keeper.done():
                keeper.result()
        finally:
            keeper.cancel()

    async def _send(self, shift: Shift) -> None:
        assert self._lease.term is not None
        shift.may_send = partial(self._lease.trusts, self._lease.term)
        self._shift, self._trouble = shift, None
        if self._stopping.is_set():
            return
        await self._chores.say_alive()
        sd_notify(f"STATUS=active, term {self._lease.term}")
        try:
            await shift.feed.run()
        except Exception:  # a bug in the feed leaves no letter to nobody
            await self._parting.end_shift(shift.crew, shift.recorder)
            raise
        await self._parting.end_shift(shift.crew, shift.recorder)

    async def _until_stopped(self, waiting: Awaitable[int]) -> int | None:
        """Wait for something or for our end, whichever is first."""
        task = asyncio.ensure_future(waiting)
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            stopped.cancel()
            task.cancel()
            await asyncio.wait({task})  # it gives back what it was about to get

    async def _watch(self) -> None:
        await self._watchman.watch()

    def _readiness(self) -> tuple[bool, str]:
        if self._stopping.is_set():
            return False, "stopping"
        if not self._chores.is_database_up:
            return False, self._server_down or self._chores.why_away
        if self._shift is None and self._trouble is not None:
            return False, self._trouble
        if self._shift is None:
            return True, "standby: another daemon holds the lease"
        if not self._shift.feed.is_ledger_up:
            return False, self._server_down or self._shift.feed.why_away
        if why := self._shift.pool.why_paused(self._clock.now()):
            return False, f"the fleet is paused: {why}: outreachd resume fleet"
        return True, self._watchman.reason() or "active"
