"""One shift: all that one term of the lease needs to send, built and wired.

Begins with what the last owner left: outcomes in our journal are written first, then
its leased rows go back and its begun ones become uncertain, until stragglers of our own
know better. Then the pool is filled from the fleet and its recent past, and the feed
may run. A fleet that is applied anew or a pause reaches the running shift without
stopping it. The fleet stays for long and holds no cycles: Python's collector, which
would stop everything for a tenth of a second to look through it each time, is told to
leave it alone.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import uuid4

import structlog

from outreachd.equipment import Tools
from outreachd.flow.batch import Batcher
from outreachd.flow.clerk import Clerk
from outreachd.flow.crew import Crew
from outreachd.flow.feed import Feed
from outreachd.flow.feedback import Feedback
from outreachd.flow.inbox import Inbox
from outreachd.flow.journey import Journey
from outreachd.flow.pool import Pool
from outreachd.flow.receivers import Receivers
from outreachd.flow.recorder import Recorder
from outreachd.flow.refusals import Refusals
from outreachd.flow.reporter import Reporter
from outreachd.flow.shaping import Shaping
from outreachd.flow.shelf import Shelf
from outreachd.flow.wordings import Wordings
from outreachd.rules.model import Kind
from outreachd.rules.pulse import Silence
from outreachd.rules.records import Intent, IntentAnswer, LedgerAwayError
from outreachd.rules.share import FairShare
from outreachd.store.content import PgContents
from outreachd.store.dkim import read_dkim_keys
from outreachd.store.notices import PgNotices
from outreachd.store.roster import (
    read_facts,
    read_pauses,
    read_roster,
    read_secrets,
)
from outreachd.store.shaping import PgShaping
from outreachd.store.steering import PgSteering

log = structlog.get_logger()

# How long the first intent of a batch waits for others, and how many go in one. Small
# batches let some letters leave while the intents of others are written; in large ones
# all connections would wait for the database, and then the database for them.
LINGER_S = 0.001
INTENTS_AT_ONCE = 24
# Objects made and not yet freed before Python looks for cycles among them. Letters make
# none, and its own 700 had it look three times for each claim: a twentieth of the CPU.
LOOK_FOR_CYCLES_AFTER = 20_000


async def tell_journal(tools: Tools) -> int:
    """Bring the ledger what only our disk knows; tell how many outcomes that were."""
    kept = await tools.journal.replay()
    if kept:
        await tools.ledger.record(kept)
        await tools.journal.forget([outcome.attempt_id for outcome in kept])
    return len(kept)


class Shift:
    """The sending part of the daemon, for one term."""

    def __init__(self, tools: Tools, term: int, pool: Pool, share: FairShare) -> None:
        self._tools = tools
        self._term = term
        self.share = share
        # What was read first is taken on first: an old reading never overrules a new.
        self._reading = asyncio.Lock()
        self.pool = pool
        clock = tools.clock
        self.recorder = Recorder(
            tools.ledger, tools.journal, clock, house=tools.house, term=term
        )
        self._intents: Batcher[Intent, IntentAnswer] = Batcher(
            self._begin,
            limit=INTENTS_AT_ONCE,
            linger_s=LINGER_S,
        )
        self._steering = PgSteering(tools.database)
        self._shelf = Shelf(PgContents(tools.database))
        self.refusals = Refusals()
        directory = PgShaping(tools.database)
        self.shaping = Shaping(directory, clock)
        self.receivers = Receivers(pool, directory)
        self.may_send: Callable[[], bool] = lambda: True
        self._journey = self._make_journey()
        feedback = Feedback(pool, tools.metrics, clock, self._pause)
        self._pulse = feedback.pulse
        self.inbox = Inbox(
            PgNotices(tools.database),
            tools.mint,
            tools.metrics,
            feedback,
            self.shaping,
        )
        self.crew = Crew(
            pool=pool,
            journey=self._journey,
            recorder=self.recorder,
            feedback=feedback.learn,
            clock=clock,
            metrics=tools.metrics,
            spawn=tools.spawn,
        )
        self.feed = self._make_feed()

    @classmethod
    async def begin(cls, tools: Tools, term: int) -> Shift:
        """Settle what the last owner left, read the fleet, be ready to run."""
        if gc.get_freeze_count():  # our last shift: it holds cycles, and was left alone
            gc.unfreeze()
            gc.collect()
        kept = await tell_journal(tools)
        now = tools.clock.now()
        leased, sending = await tools.ledger.recover(term=term, now=now)
        outlasting = tools.stragglers.outlasting()  # before the facts: they count them
        async with tools.database.connection() as connection:
            roster = await read_roster(connection)
            facts = await read_facts(connection, now)
            pauses = await read_pauses(connection, now)
            keys = await read_dkim_keys(connection)
            tools.keyring.replace(await read_secrets(connection), roster, keys)
        # Only now: a fleet that cannot be read would begin one every two seconds.
        log.info(
            "shift.begins",
            term=term,
            from_journal=kept,
            given_back=leased,
            uncertain=sending,
        )
        now, mono = tools.clock.now(), tools.clock.monotonic()
        # In a thread: a large fleet takes longer than the loop may stand still.
        pool = await asyncio.to_thread(
            Pool, roster, facts, random.random, now=now, mono=mono
        )
        pool.set_pauses(pauses, now=now, mono=mono)
        shift = cls(tools, term, pool, FairShare())
        tools.stragglers.pass_on(outlasting, shift.crew)
        shift._weigh()
        await shift.shaping.begin()
        gc.set_threshold(LOOK_FOR_CYCLES_AFTER)
        gc.freeze()
        return shift

    @property
    def in_flight(self) -> int:
        """Tell how many letters are under way, those of earlier shifts among them."""
        return len(self.crew) + len(self._tools.stragglers)

    def stop(self) -> None:
        """Claim nothing more; what is known need not wait for the ledger."""
        self.feed.stop()
        self.recorder.leave()

    async def reload_fleet(self) -> None:
        """Take on the fleet as it was just applied."""
        async with self._reading:
            await self._reload_fleet()

    async def _reload_fleet(self) -> None:
        now = self._tools.clock.now()
        async with self._tools.database.connection() as connection:
            roster = await read_roster(connection)
            # For what is new to us: it may have been retired, and have sent today.
            facts = await read_facts(connection, now)
            pauses = await read_pauses(connection, now)
            keys = await read_dkim_keys(connection)
            self._tools.keyring.replace(await read_secrets(connection), roster, keys)
        now, mono = self._tools.clock.now(), self._tools.clock.monotonic()
        self.pool.apply(roster, facts, now=now, mono=mono)
        self.pool.set_pauses(pauses, now=now, mono=mono)
        self._weigh()
        gc.freeze()
        self._journey.clerk = self._clerk()
        self.feed.hint()
        log.info("fleet.reloaded", mailboxes=len(roster.mailboxes))

    async def reload_pauses(self) -> None:
        """Take on the pauses as they are now."""
        async with self._reading:
            now = self._tools.clock.now()
            async with self._tools.database.connection() as connection:
                pauses = await read_pauses(connection, now)
            self.pool.set_pauses(pauses, now=now, mono=self._tools.clock.monotonic())
        self.feed.nudge()

    def silences(self) -> list[Silence]:
        """List the accounts whose servers accept nothing, the longest silent first."""
        mono = self._tools.clock.monotonic()
        late = self._tools.stragglers.under_way()
        found = self._pulse.silences([*self.crew.under_way(), *late], mono)
        accounts = self.pool.roster.accounts
        return [one for one in found if one.account_id in accounts]

    def accepted_s(self) -> float:
        """Tell the seconds since a server accepted a letter; inf = none has yet."""
        return self._tools.clock.monotonic() - self._pulse.accepted_at()

    async def _begin(self, intents: Sequence[Intent]) -> Sequence[IntentAnswer]:
        answers = await self._tools.ledger.begin(intents, term=self._term)
        if IntentAnswer.PAUSED in answers:  # somebody paused, and we have not heard
            with suppress(LedgerAwayError):
                await self.reload_pauses()
        return answers

    def _make_journey(self) -> Journey:
        tools = self._tools
        return Journey(
            clerk=self._clerk(),
            reporter=Reporter(tools.clock, random.random, self.refusals),
            carrier=tools.carrier,
            intents=self._intents,
            recorder=self.recorder,
            new_id=uuid4,
            may_send=lambda: self.may_send(),  # noqa: PLW0108 - set after us
        )

    def _make_feed(self) -> Feed:
        tools = self._tools
        return Feed(
            pool=self.pool,
            ledger=tools.ledger,
            crew=self.crew,
            recorder=self.recorder,
            share=self.share,
            clock=tools.clock,
            metrics=tools.metrics,
            may_send=lambda: self.may_send(),  # noqa: PLW0108 - set after us
            term=self._term,
            max_in_flight=tools.max_in_flight,
            poll_s=tools.poll_s,
            shaping=self.shaping,
            receivers=self.receivers,
            stragglers=tools.stragglers,
        )

    def _clerk(self) -> Clerk:
        tools = self._tools
        wordings = Wordings(
            self.pool,
            tools.mint,
            self._shelf,
            base_url=tools.base_url,
            unsubscribe_mailto=tools.unsubscribe_mailto,
        )
        return Clerk(
            self.pool,
            tools.mint,
            tools.clock,
            wordings,
            random_bytes=os.urandom,
            signer=tools.keyring.signing_keys,
        )

    def _weigh(self) -> None:
        roster = self.pool.roster
        self.share.set_weights(
            {client.id: client.share for client in roster.clients.values()},
            {c.id: (c.client_id, c.share) for c in roster.campaigns.values()},
        )

    async def _pause(self, kind: Kind, id: int, reason: str) -> None:
        now = self._tools.clock.now()
        await self._steering.pause_id(kind, id, reason, "outreachd", now)
