"""May this mailbox send now, and if not: what stands in the way, until when?

One resolver. Each limited thing has a standing (its pause, its day, its bucket, its
hours); each standing lists its gates. The pool asks for the longest wait, `explain`
shows every gate with its value, its limit and the setting behind it, `plan` asks the
same on a virtual clock: they cannot disagree.

Waits are in seconds; inf = until a person changes something. ``now`` is the wall
time, for days and windows; ``mono`` is the monotonic clock, for gaps and buckets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, isinf

from outreachd.rules.bucket import TokenBucket
from outreachd.rules.meter import UNLIMITED, DayMeter, Hours
from outreachd.rules.model import Kind, Mailbox, Pause
from outreachd.rules.window import RecentLog
from outreachd.rules.written import time_text

# An account whose places are all taken is looked at again then, or when a letter ends.
FULL_S = 1.0


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that a send must pass. ``wait_s`` 0 = open."""

    name: str  # "mailbox ann@mail.acme.example: day"
    value: str
    limit: str
    setting: str  # where the limit is set
    wait_s: float

    def opens_at(self, now: datetime) -> datetime | None:
        """Tell when it opens; None = not by itself."""
        return None if isinf(self.wait_s) else now + timedelta(seconds=self.wait_s)


@dataclass(frozen=True, slots=True)
class Setback:
    """A rest after failures: it ends by itself, and sooner with a success."""

    until: float  # monotonic seconds
    failures: int  # in a row
    why: str

    def wait_s(self, mono: float) -> float:
        """Tell the seconds left."""
        return max(self.until - mono, 0.0)


@dataclass(slots=True, eq=False)
class Standing:
    """Where a domain, account, client or campaign stands: pause, day, rate."""

    kind: Kind
    name: str
    day: DayMeter | None = None
    bucket: TokenBucket | None = None
    rate: str = ""  # the bucket's limit, for people
    rate_setting: str = ""
    pause: Pause | None = None
    setback: Setback | None = None
    under_way: int = 0  # letters, of an account
    at_once: int = UNLIMITED

    def wait_s(self, now: datetime, mono: float) -> float:
        """Tell the longest wait of all gates."""
        wait_s = 0.0 if self.under_way < self.at_once else FULL_S
        if self.pause is not None:
            wait_s = max(wait_s, pause_wait_s(self.pause, now))
        if self.setback is not None:
            wait_s = max(wait_s, self.setback.wait_s(mono))
        if self.day is not None:
            wait_s = max(wait_s, self.day.wait_s(now))
        if self.bucket is not None:
            wait_s = max(wait_s, self.bucket.seconds_until(1, now=mono))
        return wait_s

    def room(self, now: datetime, mono: float) -> int:
        """Tell how many may begin at this moment."""
        if self.pause is not None and pause_wait_s(self.pause, now) > 0:
            return 0
        if self.setback is not None and self.setback.wait_s(mono) > 0:
            return 0
        left = UNLIMITED if self.day is None else self.day.left(now)
        if self.bucket is not None:
            left = min(left, int(self.bucket.available(now=mono) + 1e-6))
        return max(min(left, self.at_once - self.under_way), 0)

    def gates(self, now: datetime, mono: float) -> Iterator[Gate]:
        """List every gate, open or not."""
        yield from _pause_gate(self.kind, self.name, self.pause, now)
        yield from _setback_gate(self.kind, self.name, self.setback, mono)
        if self.day is not None:
            yield _day_gate(self.kind, self.name, self.day, now)
        if self.bucket is not None:
            yield Gate(
                f"{self.kind} {self.name}: rate",
                f"{self.bucket.available(now=mono):.1f} in hand",
                self.rate,
                f"{self.kind}.{self.rate_setting}",
                self.bucket.seconds_until(1, now=mono),
            )
        if self.at_once < UNLIMITED:
            yield Gate(
                f"{self.kind} {self.name}: under way",
                str(self.under_way),
                f"{self.at_once} at once",
                "send.max_in_flight",
                0.0 if self.under_way < self.at_once else FULL_S,
            )


@dataclass(slots=True, eq=False)
class MailboxStanding:
    """Where a mailbox stands: pause, workday, day, hour, gap."""

    box: Mailbox
    day: DayMeter
    hours: Hours
    hour: RecentLog
    free_at: float  # monotonic: the gap after the last letter is over
    pause: Pause | None = None
    setback: Setback | None = None

    def wait_s(self, now: datetime, mono: float) -> float:
        """Tell the longest wait of all gates."""
        wait_s = max(self.free_at - mono, self.hour.ready_at(mono) - mono)
        wait_s = max(wait_s, self.day.wait_s(now), self.hours.wait_s(now))
        if self.pause is not None:
            wait_s = max(wait_s, pause_wait_s(self.pause, now))
        if self.setback is not None:
            wait_s = max(wait_s, self.setback.wait_s(mono))
        return wait_s

    def gates(self, now: datetime, mono: float) -> Iterator[Gate]:
        """List every gate, open or not."""
        name = f"{Kind.MAILBOX} {self.box.address}"
        box = self.box
        yield from _pause_gate(Kind.MAILBOX, box.address, self.pause, now)
        yield from _setback_gate(Kind.MAILBOX, box.address, self.setback, mono)
        yield Gate(
            f"{name}: workday",
            "closed" if self.hours.wait_s(now) else "open",
            f"{time_text(box.workday_start_min)}-{time_text(box.workday_end_min)}"
            f" {box.timezone}",
            "mailbox.workday",
            self.hours.wait_s(now),
        )
        yield _day_gate(Kind.MAILBOX, box.address, self.day, now)
        hour_wait_s = self.hour.ready_at(mono) - mono
        yield Gate(
            f"{name}: hour",
            "full" if hour_wait_s else "has room",
            f"{box.hourly_limit} an hour",
            "mailbox.hourly_limit",
            hour_wait_s,
        )
        gap_wait_s = max(self.free_at - mono, 0.0)
        yield Gate(
            f"{name}: gap",
            f"{gap_wait_s:.0f} s to go",
            f"{box.min_gap_s:g} s + up to {box.jitter:.0%}",
            "mailbox.min_gap_s",
            gap_wait_s,
        )


def gap_s(box: Mailbox, dice: float) -> float:
    """Tell the gap after a letter; ``dice`` in 0..1 draws the jitter."""
    return box.min_gap_s * (1 + box.jitter * dice)


def pause_wait_s(pause: Pause, now: datetime) -> float:
    """Tell the seconds until a pause ends by itself; inf without an end."""
    if pause.until is None:
        return inf
    return max((pause.until - now).total_seconds(), 0.0)


def _pause_gate(
    kind: Kind, name: str, pause: Pause | None, now: datetime
) -> Iterator[Gate]:
    if pause is None or pause_wait_s(pause, now) == 0:
        return
    until = pause.until.isoformat(timespec="minutes") if pause.until else "resumed"
    who = f"{kind} {name}".rstrip()  # the fleet has no name
    yield Gate(
        f"{who}: paused",
        pause.reason,
        f"until {until}",
        f"outreachd resume {who}",
        pause_wait_s(pause, now),
    )


def _setback_gate(
    kind: Kind, name: str, setback: Setback | None, mono: float
) -> Iterator[Gate]:
    if setback is None or setback.wait_s(mono) == 0:
        return
    yield Gate(
        f"{kind} {name}: set back",
        setback.why,
        f"after {setback.failures} failures in a row",
        "rules/setback",
        setback.wait_s(mono),
    )


def _day_gate(kind: Kind, name: str, day: DayMeter, now: datetime) -> Gate:
    wait_s = day.wait_s(now)
    under_way = f" + {day.reserved} under way" if day.reserved else ""
    limit = "none" if day.cap == UNLIMITED else f"{day.cap} on {day.day.date}"
    if day.share < 1:
        limit += f": {day.share:.0%}, by its health"
    setting = f"{kind}.daily_limit" + (f", {kind}.warmup" if day.is_ramped else "")
    if day.warming:
        limit += f"; {day.warming}"
    return Gate(f"{kind} {name}: day", f"{day.used}{under_way}", limit, setting, wait_s)
