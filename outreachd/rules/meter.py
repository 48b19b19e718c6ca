"""Counting a day's sends, and knowing when a window is open, without asking twice.

``DayMeter`` counts against a daily allowance on the local days of the thing limited;
what is under way counts as spent until it is settled. ``Hours`` remembers the window
it found, so that asking a thousand times costs one calendar look-up. Both are told
``now`` (aware UTC) and answer in seconds to wait; a clock set back grants nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from outreachd.rules.calendar import LocalDay, local_day
from outreachd.rules.model import Ramp
from outreachd.rules.records import Charge
from outreachd.rules.warmup import (
    daily_allowance,
    day_counts,
    slowed,
    steps_after_rest,
    warming,
)

# A clock set back by less stays on the day it was: that day's letters are spent.
SET_BACK = timedelta(days=2)
UNLIMITED = 2_147_483_647  # the largest integer the ledger's column holds


class DayMeter:
    """Sends of one thing on its present local day, and how many it may have."""

    __slots__ = (
        "_limit",
        "_ramp",
        "cap",
        "day",
        "days_sent",
        "reserved",
        "share",
        "used",
        "zone",
    )

    def __init__(
        self,
        limit: int | None,
        ramp: Ramp | None,
        zone: tzinfo,
        *,
        now: datetime,
    ) -> None:
        self.zone = zone
        self.day: LocalDay = local_day(now, zone)
        self.used = 0
        self.reserved = 0
        self.days_sent = 0  # days that count for the ramp, before today
        self.share = 1.0  # of the allowance, by health
        self.tune(limit, ramp)

    def begin(self, *, used: int, days_sent: int) -> None:
        """Start from what a ledger remembers of today and of the days before."""
        self.used = used
        self.days_sent = days_sent
        self.tune(self._limit, self._ramp)

    def tune(self, limit: int | None, ramp: Ramp | None) -> None:
        """Change the limit; what was used today stays used."""
        self._limit = UNLIMITED if limit is None else limit
        self._ramp = ramp
        self._reckon()

    def slow(self, share: float) -> None:
        """Give a part of the allowance only; what was used today stays used."""
        self.share = share
        self._reckon()

    def step_back(self, rested: timedelta) -> None:
        """Let the ramp go back after a rest."""
        if self._ramp is not None:
            days = rested / timedelta(days=1)
            self.days_sent = steps_after_rest(self.days_sent, days, 0, self._ramp.days)
            self._reckon()

    def _reckon(self) -> None:
        full = daily_allowance(self._limit, self._ramp, self.days_sent)
        self.cap = full if self._limit == UNLIMITED else slowed(full, self.share)

    @property
    def is_ramped(self) -> bool:
        """Whether a ramp may hold the allowance below the limit."""
        return self._ramp is not None

    @property
    def warming(self) -> str:
        """Where the ramp stands, in words; "" = there is none, or it is over."""
        return warming(self._ramp, self.days_sent, self.cap, self.share)

    def left(self, now: datetime) -> int:
        """Tell how many more may begin today."""
        self._roll(now)
        return self.cap - self.used - self.reserved

    def wait_s(self, now: datetime) -> float:
        """Tell the seconds until one more may begin: 0, or until the next day."""
        if self.left(now) > 0:
            return 0.0
        return (self.day.ends_at - now).total_seconds()

    def charge(self, now: datetime) -> Charge:
        """Say on which day and under which cap one that begins now counts."""
        self._roll(now)
        return Charge(self.day.date, self.cap)

    def reserve(self) -> None:
        """Count one that is under way."""
        self.reserved += 1

    def settle(self, *, spent: bool, now: datetime) -> None:
        """End a reservation: it was spent, or it never came to an intent."""
        self.reserved -= 1
        if spent:
            self._roll(now)
            self.used += 1

    def _roll(self, now: datetime) -> None:
        if self.day.starts_at - SET_BACK <= now < self.day.ends_at:
            return
        if now >= self.day.ends_at:
            self.days_sent += day_counts(self.used, self.cap, self.share)
            self.used = 0
            self._reckon()
        self.day = local_day(now, self.zone)


class Hours:
    """A recurring window: ``opening`` and ``closing`` are told an instant, give one."""

    __slots__ = ("_asked_at", "_closes_at", "_closing", "_opening", "_opens_at")

    def __init__(
        self,
        opening: Callable[[datetime], datetime],
        closing: Callable[[datetime], datetime],
        now: datetime,
    ) -> None:
        self._opening = opening
        self._closing = closing
        self._look(now)

    def wait_s(self, now: datetime) -> float:
        """Tell the seconds until the window is open: 0 = it is."""
        if not self._asked_at <= now < self._closes_at:
            self._look(now)
        if now >= self._opens_at:
            return 0.0
        return (self._opens_at - now).total_seconds()

    def closes_at(self, now: datetime) -> datetime:
        """Tell when the window closes that is open, or else the next one."""
        if not self._asked_at <= now < self._closes_at:
            self._look(now)
        return self._closes_at

    def _look(self, now: datetime) -> None:
        self._asked_at = now
        self._opens_at = self._opening(now)
        self._closes_at = self._closing(now)
