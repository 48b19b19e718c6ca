"""The forecast: the real pool, feed and shares at work on a virtual clock.

What waits is kept in memory and every server accepts at once; admission, rotation,
windows, caps and ramps are the code that sends. So what `plan` says and what the
daemon does cannot disagree, but for what nobody knows yet: refusals, new contacts, and
chance, of which the mean is taken. Nothing outside is touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import datetime

from outreachd.clock import Clock, VirtualClock
from outreachd.flow.agenda import hours_of
from outreachd.flow.crew import Crew
from outreachd.flow.feed import Feed
from outreachd.flow.journey import Ending, Journey, Trip
from outreachd.flow.lines import TERM, Lines, NamedReceivers, bridge
from outreachd.flow.pool import Permit, Pool
from outreachd.flow.stock import Source, Stock
from outreachd.rules.address import domain_of
from outreachd.rules.meter import Hours
from outreachd.rules.model import Claim, Pause, Roster, State
from outreachd.rules.outlook import Blocked, Outlook, Waiting
from outreachd.rules.places import calendar_at
from outreachd.rules.records import Facts, Queue
from outreachd.rules.sequence import next_due, step_after
from outreachd.rules.share import FairShare
from outreachd.telemetry import Metrics

MAX_IN_FLIGHT = 200
# All new work is announced, so the agenda need not be asked anew often.
POLL_S = 900.0
SAMPLE_S = 900.0  # how often it is noted what holds back what waits
# Lanes of a pool that are asked for it; more would tell the same.
SAMPLED_LANES = 24
MEAN_DICE = 0.5
# Seconds that a rest lasts at least: a day of 20 000 letters takes some 6000 rests.
STRIDE_S = 5.0

NO_MAILBOX = Blocked("mailbox", "", "not in the fleet any more")


async def forecast(
    roster: Roster,
    facts: Facts,
    pauses: Iterable[Pause],
    waiting: Iterable[Waiting],
    *,
    now: datetime,
    until: datetime,
) -> Outlook:
    """Let the fleet send what waits, from ``now`` until ``until``."""
    outlook = Outlook(roster, facts)
    stock = Stock(roster, outlook)
    for pile in waiting:
        stock.add(pile, now)
    clock = Rest(now)
    pool = Pool(roster, facts, lambda: MEAN_DICE, now=now, mono=clock.monotonic())
    pool.set_pauses(pauses, now=now, mono=clock.monotonic())
    _bridge_strides(pool, clock.monotonic())
    feed = _feed(pool, stock, outlook, clock, until)
    watch = Watch(pool, stock, outlook)

    def at_rest() -> None:
        if clock.now() >= until:
            feed.stop()
        else:
            watch.look(clock.now(), clock.monotonic())

    clock.on_rest = at_rest
    running = asyncio.create_task(clock.run())
    try:
        await feed.run()
    finally:
        running.cancel()
    return outlook


def _feed(
    pool: Pool, stock: Stock, outlook: Outlook, clock: Clock, until: datetime
) -> Feed:
    receivers = NamedReceivers(pool)
    recorder = Lines(stock, receivers, clock, until)
    crew = Crew(
        pool=pool,
        journey=Acceptance(stock, outlook, clock),
        recorder=recorder,
        feedback=_learn_nothing,
        clock=clock,
        metrics=Metrics(),
        spawn=_at_once,
    )
    share = FairShare()
    roster = pool.roster
    share.set_weights(
        {client.id: client.share for client in roster.clients.values()},
        {c.id: (c.client_id, c.share) for c in roster.campaigns.values()},
    )
    return Feed(
        pool=pool,
        ledger=stock,
        crew=crew,
        recorder=recorder,
        share=share,
        clock=clock,
        metrics=Metrics(),
        may_send=lambda: True,
        term=TERM,
        max_in_flight=MAX_IN_FLIGHT,
        poll_s=POLL_S,
        receivers=receivers if pool.paces else None,
    )


def _bridge_strides(pool: Pool, mono: float) -> None:
    """Let buckets save up over one stride, so that strides cost no throughput."""
    domains = (place.standing for place in pool.domains.values())
    for standing in (*pool.accounts.values(), *domains):
        bucket = standing.bucket
        assert bucket is not None
        bridge(bucket, STRIDE_S, mono)


class Rest(VirtualClock):
    """A virtual clock that says when all that could be started has been started."""

    on_rest: Callable[[], None]

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Tell that there is a rest, then wait; a little longer than asked is fine."""
        self.on_rest()
        return await super().wait(event, max(seconds, STRIDE_S))


class Acceptance(Journey):
    """A journey on which every server accepts at once: no letter, no connection."""

    def __init__(self, stock: Stock, outlook: Outlook, clock: Clock) -> None:
        self._stock = stock
        self._outlook = outlook
        self._clock = clock

    async def send(self, trip: Trip) -> Ending:
        """Count the letter, and let the next step of its sequence wait."""
        claim, permit, now = trip.claim, trip.permit, self._clock.now()
        domain = permit.lane.domain
        assert domain.standing.day is not None
        self._outlook.sent(claim.campaign_id, claim.step_number, now)
        self._outlook.left(domain.domain.id, now, domain.standing.day.cap)
        again_at = self._follow_up(claim, permit, now)
        return Ending(State.SENT, spent=True, again_at=again_at)

    def _follow_up(
        self, claim: Claim, permit: Permit, now: datetime
    ) -> datetime | None:
        step = step_after(permit.campaign, claim.step_number)
        if step is None:
            return None
        calendar = calendar_at(permit.campaign.calendar, claim.place)
        due_at = next_due(now, step, calendar)
        follow_up = Waiting(
            campaign_id=claim.campaign_id,
            place=claim.place,
            mailbox_id=permit.lane.id,
            step_number=step.number,
            due_at=due_at,
            n=1,
            receiver=domain_of(claim.email),
        )
        self._stock.add(follow_up, now)
        return due_at


class Watch:
    """Looks now and then which gates are closed for what is due and waits."""

    def __init__(self, pool: Pool, stock: Stock, outlook: Outlook) -> None:
        self._pool = pool
        self._stock = stock
        self._outlook = outlook
        self._windows: dict[Queue, Hours] = {}
        self._next_look = 0.0  # monotonic

    def look(self, now: datetime, mono: float) -> None:
        """Note the closed gates, if it is time to."""
        if mono < self._next_look:
            return
        self._next_look = mono + SAMPLE_S
        for source, counts in self._stock.due(now).items():
            for (campaign_id, place), n in counts.items():
                if self._is_open(Queue(campaign_id, place), now):
                    self._note(source, campaign_id, n, now, mono)
        for like, blocked, n in self._stock.lined_up(now):
            if self._is_open(Queue(like.campaign_id, like.place), now):
                self._outlook.held_back(like.campaign_id, now, blocked, n)

    def _is_open(self, queue: Queue, now: datetime) -> bool:
        window = self._windows.get(queue)
        if window is None:
            calendar = self._pool.roster.campaigns[queue.campaign_id].calendar
            window = self._windows[queue] = hours_of(calendar, queue.place, now)
        return window.wait_s(now) <= 0

    def _note(
        self, source: Source, campaign_id: int, n: int, now: datetime, mono: float
    ) -> None:
        found = list(self._blocked(source, campaign_id, now, mono))
        for blocked in found:
            self._outlook.held_back(campaign_id, now, blocked, n / len(found))

    def _blocked(
        self, source: Source, campaign_id: int, now: datetime, mono: float
    ) -> Iterator[Blocked]:
        """Tell the gate that stays closed longest, of each lane that may send it."""
        campaign = self._pool.roster.campaigns[campaign_id]
        ids = campaign.mailbox_ids if isinstance(source, Queue) else (source,)
        lanes = [self._pool.lanes[id] for id in ids if id in self._pool.lanes]
        if not lanes:
            yield NO_MAILBOX
        for lane in lanes[:: len(lanes) // SAMPLED_LANES + 1]:
            gates = self._pool.gates(lane, campaign, now, mono)
            gate = max(gates, key=lambda gate: gate.wait_s)
            if gate.wait_s > 0:
                yield Blocked.by(gate)


class Done:
    """A journey that was over when it was begun."""

    async def close(self, *, timeout: float | None = None) -> None:
        """Have nothing to end."""


async def _at_once(journey: Coroutine[object, object, None]) -> Done:
    await journey
    return Done()


async def _learn_nothing(permit: Permit, ending: Ending) -> None:
    """Find no failure to learn from."""
