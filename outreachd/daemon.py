"""The daemon: builds every room, wires them, supervises, drains on SIGTERM.

Life: open the database and the listeners, wait for the lease, run a shift, end it
well, wait again. A standby is a daemon that waits. A lost database degrades, it does
not end the process; a fault in a helper task is logged and the task begins anew.
Always holds: when ``run()`` returns, what was past its intent has been recorded or
journaled, the rest is given back, and the lease is free.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import aiojobs
import structlog

from outreachd import __version__
from outreachd.chores import Chores
from outreachd.clock import Clock, RealClock
from outreachd.config import Settings
from outreachd.domain_watch import DomainWatch
from outreachd.doors import Doors
from outreachd.flow.controller import Controller
from outreachd.flow.lease import Lease
from outreachd.flow.letterbox import Letterbox
from outreachd.flow.reader import Habits, Reader
from outreachd.helm import Helm
from outreachd.keyring import Keyring
from outreachd.notify import sd_notify
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.token import TokenMint
from outreachd.shift import Shift, Tools
from outreachd.store.berth import sign_in
from outreachd.store.bookmarks import PgBookmarks
from outreachd.store.database import Database
from outreachd.store.datadir import make_parents
from outreachd.store.health import PgHealth
from outreachd.store.hints import Hints
from outreachd.store.identity import PgIdentity
from outreachd.store.journal import Journal
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
from outreachd.store.roster import RosterError
from outreachd.store.steering import PgSteering
from outreachd.store.vault import Vault
from outreachd.telemetry import Metrics
from outreachd.wire.connections import Bounds
from outreachd.wire.dial import Dialer
from outreachd.wire.dns import Resolver
from outreachd.wire.imap import ImapPost
from outreachd.wire.line import Limits
from outreachd.wire.maildir import Maildir
from outreachd.wire.smtp import SmtpCarrier
from outreachd.wire.tls import client_context

log = structlog.get_logger()

AGAIN_S = 2.0
FORGET_AFTER = timedelta(minutes=10)
# After the limit of the dot, for the outcome to be written.
RECORD_S = 30.0
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
                for task in chores:
                    task.cancel()
            with suppress(LedgerAwayError):
                await self._leases.forget(before=self._house.now() - FORGET_AFTER)
        log.info("daemon.ended")

    async def _open(self, stack: AsyncExitStack) -> None:
        """Open what lasts as long as the process, and wire it."""
        state = _state_directory(self._settings)
        vault = Vault.unlock(state)
        mint = vault.mint
        self._eraser = vault.eraser
        self._database = await Database.open(self._dsn)
        stack.push_async_callback(self._database.close, CLOSE_S)
        journal = Journal(state / "outcomes.journal")
        stack.callback(journal.close)
        self._identity = PgIdentity(self._database, state)
        # The journal is ours alone: whoever worked in this directory has ended.
        self._leases = PgLeases(self._database, self._id, sign_in(state, self._id))
        self._lease = Lease(self._leases, self._house, self._settings.send.lease_s)
        self._tools = await self._make_tools(stack, Keyring(vault), mint, journal)
        self._chores = Chores(
            leases=self._leases,
            lease=self._lease,
            hints=Hints(self._database, self._house),
            steering=PgSteering(self._database),
            identity=self._identity,
            ledger=self._tools.ledger,
            metrics=self.metrics,
            house=self._house,
            clock=self._clock,
            shift=lambda: self._shift,
            grace=timedelta(seconds=self._settings.send.uncertain_grace_s),
            watch=self._watch(),
            controller=Controller(
                PgHealth(self._database), self._settings.health.rules()
            ),
            reader=self._reader(stack),
            letterbox=self._letterbox(),
        )
        helm = Helm(
            self._database,
            self._clock,
            mint,
            shift=lambda: self._shift,
            readiness=self._readiness,
            drain=self.stop,
        )
        doors = Doors(
            settings=self._settings,
            database=self._database,
            clock=self._clock,
            house=self._house,
            metrics=self.metrics,
            eraser=self._eraser,
            token=self._token,
        )
        self.address = await doors.open(stack, helm)

    async def _make_tools(
        self,
        stack: AsyncExitStack,
        keyring: Keyring,
        mint: TokenMint,
        journal: Journal,
    ) -> Tools:
        """Make what every shift works with."""
        hot = await Database.open(self._dsn, hot=True, max_connections=HOT_CONNECTIONS)
        stack.push_async_callback(hot.close, CLOSE_S)
        carrier = _carrier(self._settings, keyring, self._house)
        stack.push_async_callback(carrier.close)
        scheduler = aiojobs.Scheduler(
            limit=None,  # the feed's own bound on letters in flight is the limit
            pending_limit=1,
            close_timeout=CLOSE_S,
            exception_handler=_on_job_fault,
        )
        stack.push_async_callback(scheduler.close)
        public, send = self._settings.http.public, self._settings.send
        return Tools(
            database=self._database,
            ledger=PgLedger(hot, self._id),
            journal=journal,
            keyring=keyring,
            mint=mint,
            carrier=carrier,
            clock=self._clock,
            house=self._house,
            metrics=self.metrics,
            spawn=scheduler.spawn,
            base_url=public.base_url or "",
            unsubscribe_mailto=public.unsubscribe_mailto,
            max_in_flight=send.max_in_flight,
            poll_s=send.claim_poll_s,
        )

    def _reader(self, stack: AsyncExitStack) -> Reader | None:
        inbox, keyring = self._settings.inbox, self._tools.keyring
        if not inbox.enabled:
            return None
        post = ImapPost(Dialer(Resolver()), client_context(), threads=inbox.connections)
        stack.callback(post.close)
        return Reader(
            post,
            PgBookmarks(self._database),
            lambda source: keyring.secret(*source.key),
            self.metrics,
            self._house,
            Habits(
                interval_s=inbox.interval_s,
                at_once=inbox.connections,
                look_back=timedelta(days=inbox.look_back_days),
            ),
            random.random,
        )

    def _letterbox(self) -> Letterbox | None:
        inbox = self._settings.inbox
        if not inbox.enabled:
            return None
        spool = Maildir(inbox.maildir) if inbox.maildir else None
        return Letterbox(PgBookmarks(self._database), spool, self._clock)

    def _watch(self) -> DomainWatch | None:
        checks = self._settings.checks
        return DomainWatch(self._database, checks) if checks.enabled else None

    # --- shifts -----------------------------------------------------------------------

    async def _shifts(self) -> None:
        """Hold the lease as often as it can be had, and send while it is held."""
        while not self._stopping.is_set():
            if await self._until_stopped(self._lease.acquire()) is None:
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

    async def _one_shift(self) -> None:
        assert self._lease.term is not None
        await self._identity.begin(self._clock.now())
        shift = await Shift.begin(self._tools, self._lease.term)
        shift.may_send = self._lease.is_trusted
        self._shift = shift
        if self._stopping.is_set():
            return
        await self._chores.say_alive()
        sd_notify(f"STATUS=active, term {self._lease.term}")
        keeper = asyncio.create_task(self._lease.keep(shift.feed.stop))
        try:
            await shift.feed.run()
            await self._drain(shift)
        finally:
            keeper.cancel()

    async def _drain(self, shift: Shift) -> None:
        send = self._settings.send
        log.info("drain.begins", in_flight=len(shift.crew))
        drained = asyncio.ensure_future(
            shift.crew.drain(grace_s=send.drain_s, begun_s=send.limits.dot_s + RECORD_S)
        )
        hurried = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({drained, hurried}, return_when=asyncio.FIRST_COMPLETED)
        if not drained.done():
            await asyncio.wait({drained}, timeout=SECOND_SIGNAL_S)
        hurried.cancel()
        if drained.done():
            drained.result()
        else:
            drained.cancel()
        log.info("drain.ended", left=len(shift.crew))

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


def _carrier(settings: Settings, keyring: Keyring, clock: Clock) -> SmtpCarrier:
    limits, bounds = settings.send.limits, settings.send.connections
    return SmtpCarrier(
        password=keyring.password,
        token=keyring.token,
        clock=clock,
        limits=Limits(**limits.model_dump()),
        bounds=Bounds(
            idle_s=bounds.idle_s, max_age_s=bounds.age_s, max_letters=bounds.letters
        ),
        our_name=settings.send.local_hostname or "",
    )


def _state_directory(settings: Settings) -> Path:
    directory = settings.state.directory
    assert directory is not None  # load() fills it
    make_parents(directory)
    return directory


def _on_job_fault(scheduler: aiojobs.Scheduler, context: dict[str, object]) -> None:
    log.error("job.broken", exc_info=context.get("exception"))
