"""The whole flow, wired as a shift wires it, with fakes for all that is outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from outreachd.flow.batch import Batcher
from outreachd.flow.clerk import Clerk
from outreachd.flow.crew import Crew
from outreachd.flow.feed import Feed
from outreachd.flow.feedback import Feedback
from outreachd.flow.journey import Journey
from outreachd.flow.pool import Pool
from outreachd.flow.receivers import Receivers
from outreachd.flow.recorder import Recorder
from outreachd.flow.refusals import Refusals
from outreachd.flow.reporter import Reporter
from outreachd.flow.shaping import Shaping
from outreachd.flow.shelf import Shelf
from outreachd.flow.stragglers import Stragglers
from outreachd.flow.wordings import Wordings
from outreachd.rules.model import Kind, Pause, Roster
from outreachd.rules.records import Facts, Intent, IntentAnswer
from outreachd.rules.share import FairShare
from outreachd.rules.token import TokenMint
from outreachd.telemetry import Metrics
from tests.fake_contents import FakeContents
from tests.fake_ledger import FakeLedger
from tests.fake_slows import FakeSlows
from tests.fakes import FakeJournal, QuietClock, ScriptedCarrier, Spawner
from tests.rosters import MONDAY

MINT = TokenMint({1: b"k" * 32}, 1)
POLL_S = 300.0


class World:
    """One shift on fakes. ``run_for`` lets virtual time pass while it sends."""

    def __init__(
        self,
        roster: Roster,
        *,
        start: datetime = MONDAY,
        facts: Facts | None = None,
        clock: QuietClock | None = None,
        ledger: FakeLedger | None = None,
        stragglers: Stragglers | None = None,
        max_in_flight: int = 50,
        seed: int = 1,
    ) -> None:
        self.clock = clock or QuietClock(start)
        self.ledger = ledger or FakeLedger()
        self.carrier = ScriptedCarrier(self.clock)
        self.journal = FakeJournal()
        self.metrics = Metrics()
        self.spawn = Spawner()
        self.dice = Random(seed)
        self.paused: list[tuple[Kind, int, str]] = []
        self.is_trusted = True
        term = self.ledger.term
        now, mono = self.clock.now(), self.clock.monotonic()
        self.pool = Pool(roster, facts or Facts(), self.dice.random, now=now, mono=mono)
        self.recorder = Recorder(
            self.ledger, self.journal, self.clock, house=self.clock, term=term
        )
        self.refusals = Refusals()
        self.contents = FakeContents()
        self.shelf = Shelf(self.contents)
        self.journey = Journey(
            clerk=self.clerk(),
            reporter=Reporter(self.clock, self.dice.random, self.refusals),
            carrier=self.carrier,
            intents=self._batcher(term),
            recorder=self.recorder,
            new_id=uuid4,
            may_send=lambda: self.is_trusted,
        )
        self.feedback = Feedback(self.pool, self.metrics, self.clock, self._pause)
        self.crew = Crew(
            pool=self.pool,
            journey=self.journey,
            recorder=self.recorder,
            feedback=self.feedback.learn,
            clock=self.clock,
            metrics=self.metrics,
            spawn=self.spawn,
        )
        self.share = FairShare()
        self.weigh()
        self.slows = FakeSlows()
        self.shaping = Shaping(self.slows, self.clock)
        self.receivers = Receivers(self.pool, self.slows)
        self.feed = Feed(
            pool=self.pool,
            ledger=self.ledger,
            crew=self.crew,
            recorder=self.recorder,
            share=self.share,
            clock=self.clock,
            metrics=self.metrics,
            may_send=lambda: self.is_trusted,
            term=term,
            max_in_flight=max_in_flight,
            poll_s=POLL_S,
            shaping=self.shaping,
            receivers=self.receivers,
            stragglers=stragglers,
        )

    def _batcher(self, term: int) -> Batcher[Intent, IntentAnswer]:
        return Batcher(lambda intents: self.ledger.begin(intents, term=term))

    def clerk(self) -> Clerk:
        """Make a clerk for the fleet as it is."""
        return Clerk(
            self.pool,
            MINT,
            self.clock,
            self.wordings(),
            random_bytes=self.dice.randbytes,
        )

    def wordings(self) -> Wordings:
        """Compile nothing yet of the fleet as it is."""
        return Wordings(
            self.pool,
            MINT,
            self.shelf,
            base_url="https://out.example",
            unsubscribe_mailto=None,
        )

    def weigh(self) -> None:
        """Tell the share the fleet's weights."""
        roster = self.pool.roster
        self.share.set_weights(
            {client.id: client.share for client in roster.clients.values()},
            {c.id: (c.client_id, c.share) for c in roster.campaigns.values()},
        )

    def apply(self, roster: Roster) -> None:
        """Apply a fleet anew, as a shift does."""
        now, mono = self.clock.now(), self.clock.monotonic()
        self.pool.apply(roster, Facts(), now=now, mono=mono)
        self.weigh()
        self.journey.clerk = self.clerk()
        self.feed.hint()

    def set_pauses(
        self, *pauses: tuple[Kind, int], until: datetime | None = None
    ) -> None:
        """Pause exactly these, in the ledger and in the pool."""
        self.ledger.pauses = set(pauses)
        self.pool.set_pauses(
            [
                Pause(kind=kind, target_id=id, reason="a person said so", until=until)
                for kind, id in pauses
            ],
            now=self.clock.now(),
            mono=self.clock.monotonic(),
        )
        self.feed.nudge()

    async def _pause(self, kind: Kind, id: int, reason: str) -> None:
        self.paused.append((kind, id, reason))

    def add(self, n: int, *, prefix: str = "p", **values: object) -> list[int]:
        """Add sends that are due now."""
        return [
            self.ledger.add(f"{prefix}{i}@x.example", self.clock.now(), **values)
            for i in range(n)
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the clock and the feed run while the block does; then end all."""
        ticking = asyncio.create_task(self.clock.run())
        feeding = asyncio.create_task(self.feed.run())
        try:
            yield
        finally:
            self.feed.stop()
            try:
                async with asyncio.timeout(90):
                    await feeding
                    await drained(self.crew, grace_s=1, begun_s=60)
            finally:
                ticking.cancel()
                await asyncio.gather(ticking, return_exceptions=True)
        self.spawn.check()

    async def run_for(
        self, *, then: Callable[[], object] | None = None, **delta: float
    ) -> None:
        """Send for so long, then end the shift."""
        async with self.running():
            await self.clock.sleep(timedelta(**delta).total_seconds())
            if then is not None:
                then()


async def drained(crew: Crew, *, grace_s: float, begun_s: float) -> None:
    """End all journeys: not begun ones within ``grace_s``, others in their time."""
    await crew.wind_up(grace_s)
    await crew.see_out(begun_s)
