"""The feed: from "who may send now" to letters on their way, round after round.

A round lets the choice pick ready lanes for due rows, claims exactly that, takes the
tokens and starts the journeys. Then it sleeps until the next moment at which anything
can happen.

Always holds: never more than ``max_in_flight`` letters under way, those that outlasted
earlier shifts among them; every claimed row either starts a journey or is given back;
the feed starts nothing while the lease is not trusted or the database is away.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from math import inf

import structlog
from prometheus_async import aio

from outreachd.clock import Clock
from outreachd.flow.admit import Admitter
from outreachd.flow.agenda import Agenda
from outreachd.flow.choice import Choice, Pick
from outreachd.flow.crew import Crew
from outreachd.flow.pool import Permit, Pool
from outreachd.flow.ports import Ledger
from outreachd.flow.receivers import Receivers
from outreachd.flow.recorder import Recorder
from outreachd.flow.shaping import Shaping
from outreachd.flow.stragglers import Stragglers
from outreachd.rules.model import Claim
from outreachd.rules.records import GiveBack, LedgerAwayError, Queue, Want
from outreachd.rules.returns import not_now
from outreachd.rules.share import FairShare
from outreachd.telemetry import Metrics

log = structlog.get_logger()

# Lanes asked about in a slow poll: what is bound to a lane is mostly our own doing.
LANES_A_POLL = 1200
AWAY_S = 1.0
# A claim that got nothing at all met rows that somebody else has locked.
NOTHING_S = 0.2
# The wall clock has been set when it moved this much against the monotonic one.
CLOCK_SET_S = 2.0
SHORTEST_WAIT_S = 0.001
# A send whose letter still hangs is looked at again.
HANGING_AGAIN_S = 60.0


class Feed:
    """Keeps letters going out for as long as ``run()`` runs."""

    def __init__(
        self,
        *,
        pool: Pool,
        ledger: Ledger,
        crew: Crew,
        recorder: Recorder,
        share: FairShare,
        clock: Clock,
        metrics: Metrics,
        may_send: Callable[[], bool],
        term: int,
        max_in_flight: int,
        poll_s: float,
        shaping: Shaping | None = None,
        receivers: Receivers | None = None,
        stragglers: Stragglers | None = None,
    ) -> None:
        self._pool = pool
        pool.share_places(max_in_flight)
        self._ledger = ledger
        self._crew = crew
        self._recorder = recorder
        self._share = share
        self._clock = clock
        self._metrics = metrics
        self._may_send = may_send
        self._term = term
        self._max_in_flight = max_in_flight
        self._poll_s = poll_s
        self._receivers = receivers
        self._stragglers = Stragglers() if stragglers is None else stragglers
        self._wake = asyncio.Event()
        self._is_stale = True  # the agenda must be asked for anew
        self._asked_at = -inf
        self._swept_at = self._clock.monotonic()
        self._skew_s = self._skew()
        self._is_stopping = False
        self.is_ledger_up = True
        self.why_away = ""  # in the words of the newest error
        self.agenda = Agenda()
        self._choice = Choice(pool, self.agenda, share)
        self._admitter = Admitter(pool, self.agenda, shaping, receivers)
        crew.on_ended = self._ended

    # --- from outside -----------------------------------------------------------------

    def hint(self) -> None:
        """Say that there may be new work: ask the ledger now."""
        self._is_stale = True
        self._wake.set()

    def nudge(self) -> None:
        """Say that something has changed: look again now."""
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; ``run()`` ends with the round it is in."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Go round until stopped."""
        while not self._is_stopping:
            self._wake.clear()
            with self._clock.busy():
                wait_s = await self._round()
            if wait_s > 0 and not self._is_stopping:
                await self._clock.wait(self._wake, max(wait_s, SHORTEST_WAIT_S))

    # --- a round ----------------------------------------------------------------------

    async def _round(self) -> float:
        """Start what can start; tell the seconds until it is worth looking again."""
        now, mono = self._clock.now(), self._clock.monotonic()
        if abs(self._skew() - self._skew_s) > CLOCK_SET_S:
            log.warning("clock.set", seconds=round(self._skew() - self._skew_s, 1))
            self._skew_s = self._skew()
            self._pool.rearm(now, mono)
        slots = self._slots()
        if slots <= 0 or not self._may_send():
            return self._poll_s if slots <= 0 else AWAY_S
        try:
            await self._ask_agenda(now, mono)
            picks, wait_s = self._choice.picks(slots, now, mono)
            if picks:
                return 0.0 if await self._claim(picks) else NOTHING_S
        except LedgerAwayError as error:
            self._lost_ledger(str(error))
            return AWAY_S
        return min(wait_s, self._poll_s)

    def _slots(self) -> int:
        """Tell how many may start; few at a time would make many small claims."""
        free = self._max_in_flight - len(self._crew) - len(self._stragglers)
        return free if free * 4 >= self._max_in_flight else 0

    async def _ask_agenda(self, now: datetime, mono: float) -> None:
        if not self._is_stale and mono - self._asked_at < self._poll_s:
            return
        if not self.is_ledger_up or mono - self._swept_at >= self._poll_s:
            # A claim whose answer was lost may have leased rows nobody works on; one
            # that was frozen may do so only now, hence now and then too.
            await self._ledger.give_back_strays(
                self._crew.send_ids(), term=self._term, now=now
            )
            self._swept_at = mono
        ask_all, self._is_stale = self._is_stale, False
        queues = await self._ledger.queues()
        self.agenda.take_on(self._pool.lanes, self._pool.roster.campaigns, queues)
        sources = (
            self.agenda.sources() if ask_all else self.agenda.some_sources(LANES_A_POLL)
        )
        self.agenda.learn(await self._ledger.next_due(sources))
        self._asked_at = mono
        if not self.is_ledger_up:
            log.info("ledger.back")
            self.is_ledger_up = True

    def _lost_ledger(self, why: str) -> None:
        if self.is_ledger_up:
            log.warning("ledger.away", why=why)
        self.is_ledger_up, self.why_away = False, why
        self._is_stale = True

    # --- claiming ---------------------------------------------------------------------

    async def _claim(self, picks: Sequence[Pick]) -> bool:
        """Claim for these picks and start what came; tell whether anything came."""
        counts: dict[int | Queue, int] = {}
        for pick in picks:
            counts[pick.source] = counts.get(pick.source, 0) + 1
        wants = [Want(source, count) for source, count in counts.items()]
        try:
            rows = await aio.time(
                self._metrics.claim_seconds,
                self._ledger.claim(wants, term=self._term, now=self._clock.now()),
            )
            if self._receivers is not None:
                emails = (claim.email for _, claim in rows)
                await self._receivers.learn(emails, self._clock.monotonic())
        except LedgerAwayError:
            now, mono = self._clock.now(), self._clock.monotonic()
            for pick in picks:
                self._choice.put_back(pick, now, mono)
            raise
        claims: dict[int | Queue, deque[Claim]] = {}
        for source, claim in rows:
            claims.setdefault(source, deque()).append(claim)
        short: set[int | Queue] = set()
        returns: list[GiveBack] = []
        now, mono = self._clock.now(), self._clock.monotonic()
        for pick in picks:
            of_source = claims.get(pick.source)
            if not of_source:
                short.add(pick.source)
                self._choice.put_back(pick, now, mono)
            elif back := await self._start(of_source.popleft(), pick, now, mono):
                returns.append(back)
        await asyncio.gather(*map(self._recorder.give_back, returns))
        if short or returns:
            sources = short | {pick.source for pick in picks} if returns else short
            self.agenda.learn(await self._ledger.next_due(list(sources)))
        return bool(rows)

    async def _start(
        self, claim: Claim, pick: Pick, now: datetime, mono: float
    ) -> GiveBack | None:
        """Send a claimed row on its way, or say how it goes back."""
        admitted: Permit | GiveBack
        if claim.send_id in self._stragglers:
            # However it came to wait again: its letter may be accepted any moment.
            admitted = not_now(claim, now, HANGING_AGAIN_S, "under_way")
        else:
            admitted = self._admitter.admit(claim, pick.lane, now, mono)
        if isinstance(admitted, Permit):
            if pick.campaign is None:
                campaign = admitted.campaign
                self._share.charge(campaign.client_id, campaign.id)
            await self._crew.start(claim, admitted)
            return None
        self._choice.put_back(pick, now, mono)
        return admitted

    def _ended(self, lane_id: int, again_at: datetime | None) -> None:
        if again_at is not None:
            self.agenda.expect(lane_id, again_at)
        if self._slots() > 0:
            self._wake.set()

    def _skew(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
