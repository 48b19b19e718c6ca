"""How many letters a minute one account may send to one receiver.

A bucket keeps the rate over every minute; what finds it empty gets a place in the line:
a moment of its own, each one interval after the last, so that a thousand letters come
back one by one and not all at once again and again. A place is no right: who comes when
a letter may go takes it, and the line begins anew when nobody keeps its places.
A start grants nothing: what is met for the first time is as full as it can be when it
was empty as the rates were taken on. Told monotonic seconds; pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from outreachd.rules.bucket import BURST_PARTS, TokenBucket, pace
from outreachd.rules.receivers import rate_of

MINUTE_S = 60.0
# A bucket of one letter has no room for one that comes late: places stand this much
# further apart than the rate asks for, as the burst of larger ones is part of theirs.
LOOSE = 1 - 1 / BURST_PARTS
# Wall time is cut to microseconds: come a hair later rather than a hair too soon.
HAIR_S = 0.005
# So many places in a row that nobody kept: who had them is gone, or sleeps.
UNKEPT = 5
# Receivers of an account that are known before the idle ones are forgotten.
KNOWN_AT_MOST = 50_000


@dataclass(slots=True, eq=False)
class ReceiverPace:
    """One account at one receiver."""

    limit: int  # letters a minute
    bucket: TokenBucket
    interval_s: float
    last_place: float = -inf  # monotonic: when the end of the line is to come

    @classmethod
    def empty(cls, limit: int, *, at: float) -> ReceiverPace:
        """Begin with nothing in hand."""
        rate, capacity = pace(limit, MINUTE_S)
        bucket = TokenBucket(rate=rate, capacity=capacity, tokens=0.0, updated=at)
        return cls(limit, bucket, _interval_s(limit, rate))

    def wait_s(self, now: float) -> float:
        """Tell the seconds until a letter may go; 0 = now."""
        return self.bucket.seconds_until(1, now=now)

    def place_s(self, now: float) -> float:
        """Tell the seconds to the end of the line, for a letter that must wait."""
        next_place = self.last_place + self.interval_s
        return max(self.wait_s(now) + HAIR_S, next_place - now)

    def line_up(self, now: float) -> float:
        """Give a letter the next place; tell the seconds until then."""
        place_s = self.place_s(now)
        self.last_place = now + place_s
        return place_s

    def take(self, now: float) -> None:
        """Send one; raises OverdrawnError if it may not go."""
        if (
            now - self.bucket.updated
            > (self.bucket.capacity + UNKEPT) * self.interval_s
        ):
            self.last_place = -inf
        self.bucket.take(1, now=now)

    def retune(self, limit: int, now: float) -> None:
        """Take on another limit; what was spent counts, and the line begins anew."""
        if limit == self.limit:
            return
        rate, capacity = pace(limit, MINUTE_S)
        self.bucket.retune(rate=rate, capacity=capacity, now=now)
        self.limit, self.interval_s = limit, _interval_s(limit, rate)
        self.last_place = -inf

    def is_idle(self, now: float) -> bool:
        """Tell whether nothing would be lost if it were forgotten."""
        is_full = self.bucket.available(now=now) >= self.bucket.capacity
        return is_full and self.last_place <= now


@dataclass(slots=True, eq=False)
class AccountPaces:
    """One account at all its receivers."""

    rates: Mapping[str, int]
    since: float  # monotonic: when these rates were taken on
    _paces: dict[str, ReceiverPace] = field(default_factory=dict)
    _sweep_at: int = KNOWN_AT_MOST

    def at(self, receiver: str, now: float) -> ReceiverPace | None:
        """Find the pace at a receiver; None = it has none."""
        found = self._paces.get(receiver)
        if found is None and (limit := rate_of(self.rates, receiver)) is not None:
            self._sweep(now)
            # Nothing has gone there since: it has gained all this while.
            found = self._paces[receiver] = ReceiverPace.empty(limit, at=self.since)
        return found

    def tune(self, rates: Mapping[str, int], now: float) -> None:
        """Take on rates; what was spent at a receiver that stays limited counts."""
        if rates == self.rates:
            return
        for receiver in list(self._paces):
            limit = rate_of(rates, receiver)
            if limit is None:
                del self._paces[receiver]
            else:
                self._paces[receiver].retune(limit, now)
        self.rates, self.since = rates, now

    def _sweep(self, now: float) -> None:
        """Forget the idle ones, before there are too many."""
        if len(self._paces) < self._sweep_at:
            return
        busy = {name: one for name, one in self._paces.items() if not one.is_idle(now)}
        self._paces = busy
        self._sweep_at = max(KNOWN_AT_MOST, 2 * len(busy))


def tuned(
    known: AccountPaces | None, rates: Mapping[str, int], now: float
) -> AccountPaces:
    """Take on an account's rates, keeping what it has spent."""
    if known is None:
        return AccountPaces(rates, since=now)
    known.tune(rates, now)
    return known


def _interval_s(limit: int, rate: float) -> float:
    return max(1 / rate, MINUTE_S / (limit * LOOSE))
