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
from collections.abc import Awaitable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from math import inf
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
from outreachd.helm import Helm
from outreachd.notify import sd_notify
from outreachd.rules.records import LedgerAwayError
from outreachd.shift import Shift, tell_journal
from outreachd.store.forgetting import PgForgetting
from outreachd.store.health import PgHealth
from outreachd.store.hints import Hints
from outreachd.store.roster import RosterError
from outreachd.store.steering import PgSteering
from outreachd.store.timetable import follow_calendars
from outreachd.telemetry import Metrics

log = structlog.get_logger()

AGAIN_S = 2.0
FORGET_AFTER = timedelta(minutes=10)
# After the limit of the dot, for the outcome to be written.
RECORD_S = 30.0
# What an ordinary letter takes: what takes longer outlasts a shift whose lease is lost.
ORDINARY_S = 5.0
SECOND_SIGNAL_S = 10.0
CLOSE_S = 5.0
# Claim, intent, outcome and return, each once at a time, and one to spare.
HOT_CONNECTIONS = 5


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

    async def run(self) -> None:
        """Live until stopped."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            sd_notify("READY=1", "STATUS=standby")
            log.info("daemon.ready", instance=str(self._id), version=__version__)
            async with asyncio.TaskGroup() as group:
                chores = [group.create_task(chore) for chore in self._chores.all()]
                await self._shifts()
                await self._unless_hurried(self._tools.stragglers.see_out())
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
        self._chores = Chores(
            leases=self._leases,
            hints=Hints(equipment.database, self._house),
            steering=PgSteering(equipment.database),
            identity=self._identity,
            metrics=self.metrics,
            house=self._house,
            clock=self._clock,
            shift=lambda: self._shift,
            duties=self._duties(equipment, stack).all(),
        )
        helm = Helm(
            equipment.database,
            self._clock,
            self._tools.mint,
            shift=lambda: self._shift,
            readiness=self._readiness,
            drain=self.stop,
            rules=settings.health.rules(),
        )
        doors = Doors(
            settings=settings,
            database=equipment.database,
            clock=self._clock,
            house=self._house,
            metrics=self.metrics,
            eraser=equipment.eraser,
            token=self._token,
        )
        self.address = await doors.open(stack, helm)

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
            except LedgerAwayError:
                log.warning("ledger.away")
                await self._house.wait(self._stopping, AGAIN_S)
            except RosterError as error:
                log.error("fleet.unreadable", error=str(error))
                await self._house.wait(self._stopping, AGAIN_S)
            except Exception:
                log.exception("shift.broken")
                await self._house.wait(self._stopping, AGAIN_S)
            finally:
                self._shift = None
                with suppress(LedgerAwayError):
                    await self._lease.give_up()

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
        self._shift = shift
        if self._stopping.is_set():
            return
        await self._chores.say_alive()
        sd_notify(f"STATUS=active, term {self._lease.term}")
        try:
            await shift.feed.run()
        except Exception:
            await self._end(shift)  # a bug in the feed leaves no letter to nobody
            raise
        await self._end(shift)

    async def _end(self, shift: Shift) -> None:
        log.info("drain.begins", in_flight=len(shift.crew))
        await self._unless_hurried(self._drain(shift))
        log.info("drain.ended", left=len(shift.crew))

    async def _drain(self, shift: Shift) -> None:
        """Give back what has not begun; wait for the rest only if we end ourselves.

        Else what hangs outlasts the shift: the next one need not wait for one server.
        """
        send, stragglers = self._settings.send, self._tools.stragglers
        patience_s = inf if self._stopping.is_set() else ORDINARY_S
        try:
            await shift.crew.wind_up(min(send.drain_s, patience_s))
        finally:
            limit_s = send.limits.dot_s + RECORD_S
            stragglers.take(shift.crew, shift.recorder, limit_s)
        if self._stopping.is_set():
            await stragglers.see_out()

    async def _unless_hurried(self, ending: Coroutine[object, object, None]) -> None:
        """Wait for an end; after a second signal for ten seconds at most."""
        ended = asyncio.ensure_future(ending)
        hurried = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({ended, hurried}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await asyncio.wait({ended}, timeout=SECOND_SIGNAL_S)
        hurried.cancel()
        if ended.done():
            ended.result()
        else:
            ended.cancel()
            self._tools.stragglers.give_up()

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

    def _readiness(self) -> tuple[bool, str]:
        if self._stopping.is_set():
            return False, "stopping"
        if not self._chores.is_database_up:
            return False, "the database is away"
        if self._shift is None:
            return True, "standby: another daemon holds the lease"
        if not self._shift.feed.is_ledger_up:
            return False, "the database is away"
        if why := self._shift.pool.why_paused(self._clock.now()):
            return False, f"the fleet is paused: {why}: outreachd resume fleet"
        return True, "active"
