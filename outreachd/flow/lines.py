"""The lines before receivers that are written to at a rate, in a forecast.

The feed puts off what a receiver's pace has no room for, each letter to a place of its
own. Here that is done by the same pace, for some rows at once that would be claimed
next and be put off alike; places are kept to the minute and those beyond the end are
one: so a million rows are in line in seconds and as a few thousand piles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from outreachd.clock import Clock
from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.flow.receivers import Receivers
from outreachd.flow.recorder import Recorder
from outreachd.flow.stock import Stock
from outreachd.rules.bucket import TokenBucket
from outreachd.rules.outlook import Blocked
from outreachd.rules.receiver_pace import MINUTE_S, ReceiverPace
from outreachd.rules.records import GiveBack, Outcome
from outreachd.rules.returns import RECEIVER_RATE

TERM = 1
# Rows that are put off together: few enough that campaigns share a line fairly.
ALIKE = 50


class NamedReceivers(Receivers):
    """Receivers of addresses that say no more than their name, such as "@google"."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool, NoDirectory())
        self._bridged: set[ReceiverPace] = set()
        # By receiver: the pace that was asked for last, and its gate.
        self.asked: dict[str, tuple[ReceiverPace, Blocked]] = {}

    async def learn(self, emails: Iterable[str], mono: float) -> None:
        """Have nothing to ask."""

    def pace(
        self, email: str, lane: Lane, now: datetime, mono: float
    ) -> ReceiverPace | None:
        """Find the pace; None where too few wait for it to matter."""
        pace = super().pace(email, lane, now, mono) if email else None
        if pace is not None:
            receiver = self.of(email)
            if pace not in self._bridged:
                self._bridged.add(pace)
                bridge(pace.bucket, MINUTE_S, mono)
            account = self._pool.accounts[self._pool.way_out(lane, now, mono)]
            gate = Blocked("account", account.name, f"rate to {receiver}")
            self.asked[receiver] = pace, gate
        return pace


class NoDirectory:
    """Knows nobody: a receiver then goes by its own name."""

    async def receivers_of(self, domains: Sequence[str]) -> Mapping[str, str]:
        """Know none."""
        return {}


class Lines(Recorder):
    """A recorder of returns that lines up what a receiver's pace has no room for."""

    def __init__(
        self, stock: Stock, receivers: NamedReceivers, clock: Clock, until: datetime
    ) -> None:
        super().__init__(stock, Forgetful(), clock, house=clock, term=TERM)
        self._stock = stock
        self._receivers = receivers
        self._until = until

    async def give_back(self, row: GiveBack) -> None:
        """Return a claimed row at once; there are no commits to save."""
        now = self._clock.now()
        if row.reason != RECEIVER_RATE or row.due_at is None:
            await self._stock.give_back([row], term=TERM, now=now)
            return
        like, n = self._stock.take_alike(row.send_id, ALIKE, now)
        pace, gate = self._receivers.asked[like.receiver]
        mono = self._clock.monotonic()
        places = Counter([self._minute(row.due_at)])
        for _ in range(n - 1):
            due_at = now + timedelta(seconds=pace.line_up(mono))
            places[self._minute(due_at)] += 1
        self._stock.line_up(like, places, gate)

    def _minute(self, at: datetime) -> datetime:
        """Tell the end of its minute; after the end is one moment, never reached."""
        minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return minute if minute < self._until else self._until + timedelta(days=1)


class Forgetful:
    """A journal that keeps nothing: a forecast has nothing to lose."""

    async def append(self, outcomes: Sequence[Outcome]) -> None:
        """Forget."""

    async def forget(self, attempts: Collection[UUID]) -> None:
        """Have nothing to forget."""


def bridge(bucket: TokenBucket, seconds: float, mono: float) -> None:
    """Let a bucket save up over so long, so that it costs no throughput."""
    capacity = bucket.capacity + bucket.rate * seconds
    bucket.retune(rate=bucket.rate, capacity=capacity, now=mono)
