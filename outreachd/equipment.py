"""What the daemon has for as long as it lives: database, keys, journal, lines.

Opened in order and closed in reverse, by the stack that is handed in: lines to servers
before the database. The state directory is locked by then, so the journal in it is
ours alone. Knows no shift, no lease and no term.
Errors: LedgerAwayError, DatabaseError, VaultError, JournalError, with a way out.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiojobs
import structlog

from outreachd.clock import Clock
from outreachd.config import Settings
from outreachd.domain_watch import DomainWatch
from outreachd.flow.crew import Job
from outreachd.flow.letterbox import Letterbox
from outreachd.flow.ports import Carrier
from outreachd.flow.reader import Habits, Reader
from outreachd.flow.stragglers import Stragglers
from outreachd.keyring import Keyring
from outreachd.rules.suppression import Eraser
from outreachd.rules.token import TokenMint
from outreachd.store.berth import sign_in
from outreachd.store.bookmarks import PgBookmarks
from outreachd.store.database import Database
from outreachd.store.datadir import make_parents
from outreachd.store.identity import PgIdentity
from outreachd.store.journal import Journal
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
from outreachd.store.vault import Vault
from outreachd.telemetry import Metrics
from outreachd.wire.connections import Bounds, Figures
from outreachd.wire.dial import Dialer
from outreachd.wire.dns import Resolver
from outreachd.wire.imap import ImapPost
from outreachd.wire.line import Limits
from outreachd.wire.maildir import Maildir
from outreachd.wire.smtp import SmtpCarrier
from outreachd.wire.tls import client_context

log = structlog.get_logger()

CLOSE_S = 5.0
# Claim, intent, outcome and return, each once at a time, and one to spare.
HOT_CONNECTIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a shift works with, and the next one after it."""

    database: Database
    ledger: PgLedger
    journal: Journal
    keyring: Keyring
    mint: TokenMint
    carrier: Carrier
    clock: Clock
    house: Clock  # a real one, where ``clock`` may be virtual
    metrics: Metrics
    spawn: Callable[[Coroutine[Any, Any, None]], Awaitable[Job]]
    base_url: str
    unsubscribe_mailto: str | None
    max_in_flight: int
    poll_s: float
    stragglers: Stragglers = field(default_factory=Stragglers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """All of it; what is made of it anew each time stands below ``open``."""

    settings: Settings
    database: Database
    identity: PgIdentity
    leases: PgLeases
    tools: Tools
    eraser: Eraser
    connections: Callable[[], Mapping[int, Figures]]  # of each account, by its id

    @classmethod
    async def open(
        cls,
        stack: AsyncExitStack,
        settings: Settings,
        dsn: str,
        *,
        instance: UUID,
        clock: Clock,
        house: Clock,
        metrics: Metrics,
    ) -> Equipment:
        """Open it until the stack is closed; ``house`` is a real clock."""
        state = _state_directory(settings)
        vault = Vault.unlock(state)
        database = await _database(stack, dsn)
        journal = Journal(state / "outcomes.journal")
        stack.callback(journal.close)
        # The journal is ours alone: whoever worked in this directory has ended.
        leases = PgLeases(database, instance, sign_in(state, instance))
        hot = await _database(stack, dsn, hot=True, max_connections=HOT_CONNECTIONS)
        keyring = Keyring(vault)
        carrier = _carrier(settings, keyring, house)
        stack.push_async_callback(carrier.close)
        scheduler = _scheduler(stack)
        public, send = settings.http.public, settings.send
        tools = Tools(
            database=database,
            ledger=PgLedger(hot, instance),
            journal=journal,
            keyring=keyring,
            mint=vault.mint,
            carrier=carrier,
            clock=clock,
            house=house,
            metrics=metrics,
            spawn=scheduler.spawn,
            base_url=public.base_url or "",
            unsubscribe_mailto=public.unsubscribe_mailto,
            max_in_flight=send.max_in_flight,
            poll_s=send.claim_poll_s,
        )
        return cls(
            settings=settings,
            database=database,
            identity=PgIdentity(database, state),
            leases=leases,
            tools=tools,
            eraser=vault.eraser,
            connections=carrier.statistics,
        )

    def reader(self, stack: AsyncExitStack) -> Reader | None:
        """Make the reader of the mailboxes, if they are to be read."""
        inbox, tools = self.settings.inbox, self.tools
        if not inbox.enabled:
            return None
        post = ImapPost(Dialer(Resolver()), client_context(), threads=inbox.connections)
        stack.callback(post.close)
        return Reader(
            post,
            PgBookmarks(self.database),
            lambda source: tools.keyring.secret(*source.key),
            tools.metrics,
            tools.house,
            Habits(
                interval_s=inbox.interval_s,
                at_once=inbox.connections,
                look_back=timedelta(days=inbox.look_back_days),
            ),
            random.random,
        )

    def letterbox(self) -> Letterbox | None:
        """Make the letterbox for mail that is delivered here."""
        inbox = self.settings.inbox
        if not inbox.enabled:
            return None
        spool = Maildir(inbox.maildir) if inbox.maildir else None
        return Letterbox(PgBookmarks(self.database), spool, self.tools.clock)

    def watch(self) -> DomainWatch | None:
        """Make the watch over the records of sending domains, if there is to be one."""
        checks = self.settings.checks
        return DomainWatch(self.database, checks) if checks.enabled else None


def _state_directory(settings: Settings) -> Path:
    directory = settings.state.directory
    assert directory is not None  # load() fills it
    make_parents(directory)
    return directory


async def _database(stack: AsyncExitStack, dsn: str, **more: Any) -> Database:
    database = await Database.open(dsn, **more)
    stack.push_async_callback(database.close, CLOSE_S)
    return database


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


def _scheduler(stack: AsyncExitStack) -> aiojobs.Scheduler:
    scheduler = aiojobs.Scheduler(
        limit=None,  # the feed's own bound on letters in flight is the limit
        pending_limit=1,
        close_timeout=CLOSE_S,
        exception_handler=_on_job_fault,
    )
    stack.push_async_callback(scheduler.close)
    return scheduler


def _on_job_fault(scheduler: aiojobs.Scheduler, context: dict[str, object]) -> None:
    log.error("job.broken", exc_info=context.get("exception"))
