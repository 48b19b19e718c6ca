"""Judges a server's log: was each letter sent once, in time, within every limit?

Pure: reads only what was accepted, what was expected and the limits of the fleet; it
asks nobody who sent. Times are epoch seconds on the server's clock; windows are half
open, days are local days of the thing limited. Two pointers over sorted times keep
20 000 letters well under a second.

``slack_s`` forgives that much between a decision and its arrival: nothing by default,
which is right on a virtual clock; on real time some milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from math import floor, inf
from typing import assert_never

from outreachd.rules.calendar import local_day, workday_opening
from outreachd.rules.model import Account, Client, Domain, Kind, Mailbox, Ramp
from outreachd.rules.warmup import daily_allowance

ROUNDING_S = 1e-6  # sums of floats near 1.8e9 are exact to a fraction of this


@dataclass(frozen=True, slots=True)
class Accepted:
    """One letter that the server took, for one recipient."""

    at: float  # epoch seconds
    mailbox: str
    recipient: str
    message_id: str
    account: str


# --- each letter once ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tally:
    """How many letters the server took; how many too often, and how many never."""

    accepted: int
    duplicates: int
    missing: int


def tally(letters: Sequence[Accepted], expected: Mapping[str, int]) -> Tally:
    """Compare with how many letters each recipient should have got.

    Of those not named, none. The same letter twice is a duplicate, even where a second
    letter was due instead.
    """
    distinct = {(letter.recipient, letter.message_id) for letter in letters}
    got = Counter(recipient for recipient, _ in distinct)
    return Tally(
        accepted=len(letters),
        duplicates=len(letters) - len(distinct) + (got - Counter(expected)).total(),
        missing=(Counter(expected) - got).total(),
    )


# --- within every limit ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The limits to judge by, under the names that the log uses."""

    mailboxes: Mapping[str, Mailbox]  # by address
    domains: Mapping[int, Domain]  # by id
    accounts: Mapping[str, Account]  # by the server's name for it
    clients: Mapping[int, Client] = field(default_factory=dict)  # by id
    client_of: Mapping[str, int] = field(default_factory=dict)  # recipient -> client
    # Days with sending before the log begins, for ramps.
    days_sent: Mapping[tuple[Kind, int], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """One letter that came too early or was one too many, and of what."""

    at: float  # epoch seconds
    kind: Kind
    name: str
    law: str

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        return f"{at} {self.kind} {self.name}: {self.law}"


def over_limit(
    letters: Iterable[Accepted], fleet: Fleet, *, slack_s: float = 0.0
) -> list[Violation]:
    """Find every letter beyond a limit, in order of time; once for each law it breaks.

    Raises KeyError for a letter of a mailbox, account or client that is not in the
    fleet: such a run proves nothing.
    """
    found = [
        Violation(at, limits.kind, limits.name, law)
        for limits, times in _times(letters, fleet).values()
        for at, law in _breaches(limits, times, slack_s + ROUNDING_S)
    ]
    return sorted(found, key=lambda violation: violation.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """What one mailbox, domain, account or client may do."""

    kind: Kind
    name: str
    timezone: tzinfo
    daily_limit: int | None
    days_sent: int
    ramp: Ramp | None = None
    gap_s: float = 0.0
    rate: tuple[float, float] | None = None  # letters, in so many seconds
    workday_min: tuple[int, int] = (0, 1440)


def _times(
    letters: Iterable[Accepted], fleet: Fleet
) -> dict[tuple[Kind, int], tuple[_Limits, list[float]]]:
    """Sort the letters' times by all that each letter counts for."""
    times: dict[tuple[Kind, int], tuple[_Limits, list[float]]] = {}
    for letter in sorted(letters, key=lambda letter: letter.at):
        for kind, thing in _things(letter, fleet):
            known = times.get((kind, thing.id))
            if known is None:
                days_sent = fleet.days_sent.get((kind, thing.id), 0)
                known = times[kind, thing.id] = (_limits(thing, days_sent), [])
            known[1].append(letter.at)
    return times


def _things(
    letter: Accepted, fleet: Fleet
) -> Iterator[tuple[Kind, Mailbox | Domain | Account | Client]]:
    mailbox = fleet.mailboxes[letter.mailbox]
    yield Kind.MAILBOX, mailbox
    yield Kind.DOMAIN, fleet.domains[mailbox.domain_id]
    yield Kind.ACCOUNT, fleet.accounts[letter.account]
    if fleet.clients:
        yield Kind.CLIENT, fleet.clients[fleet.client_of[letter.recipient]]


def _limits(thing: Mailbox | Domain | Account | Client, days_sent: int) -> _Limits:
    common = partial(
        _Limits,
        timezone=thing.timezone,
        daily_limit=thing.daily_limit,
        days_sent=days_sent,
    )
    match thing:
        case Mailbox():
            return common(
                kind=Kind.MAILBOX,
                name=thing.address,
                ramp=thing.ramp,
                gap_s=thing.min_gap_s,
                rate=(thing.hourly_limit, 3600.0),
                workday_min=(thing.workday_start_min, thing.workday_end_min),
            )
        case Domain():
            rate = (thing.rate_per_minute, 60.0)
            return common(kind=Kind.DOMAIN, name=thing.name, ramp=thing.ramp, rate=rate)
        case Account():
            rate = (thing.rate_per_second, 1.0)
            return common(kind=Kind.ACCOUNT, name=thing.name, rate=rate)
        case Client():
            return common(kind=Kind.CLIENT, name=thing.name)
        case _:
            assert_never(thing)


# --- the laws: sorted times in, (time, law) of each letter that breaks one out -------


def _breaches(
    limits: _Limits, times: Sequence[float], slack_s: float
) -> Iterator[tuple[float, str]]:
    yield from _too_close(times, 1, limits.gap_s - slack_s, f"gap {limits.gap_s} s")
    if limits.rate:
        n, period_s = _whole(*limits.rate)
        law = f"{n} in {period_s:g} s"
        yield from _too_close(times, n, period_s - slack_s, law)
    if limits.daily_limit is not None:
        yield from _too_many_a_day(limits, limits.daily_limit, times)
    if limits.workday_min != (0, 1440):
        yield from _outside_workday(limits, times, slack_s)


def _too_close(
    times: Sequence[float], n: int, period_s: float, law: str
) -> Iterator[tuple[float, str]]:
    """Find each letter that comes less than a period after the n-th before it."""
    for before, at in zip(times, times[n:], strict=False):
        if at - before < period_s:
            yield at, law


def _whole(limit: float, period_s: float) -> tuple[int, float]:
    """Make whole letters of a limit: half a letter a minute is one in two minutes."""
    return (floor(limit), period_s) if limit >= 1 else (1, period_s / limit)


def _too_many_a_day(
    limits: _Limits, daily_limit: int, times: Sequence[float]
) -> Iterator[tuple[float, str]]:
    days_before, sent, ends_at = limits.days_sent - 1, 0, -inf
    cap = 0
    for at in times:
        if at >= ends_at:
            day = local_day(datetime.fromtimestamp(at, UTC), limits.timezone)
            sent, ends_at = 0, day.ends_at.timestamp()
            days_before += 1
            cap = daily_allowance(daily_limit, limits.ramp, days_before)
        sent += 1
        if sent > cap:
            yield at, f"{cap} on {day.date}"


def _outside_workday(
    limits: _Limits, times: Sequence[float], slack_s: float
) -> Iterator[tuple[float, str]]:
    for at in times:
        decided = datetime.fromtimestamp(at - slack_s, UTC)
        opens = workday_opening(decided, *limits.workday_min, limits.timezone)
        if opens.timestamp() > at:
            yield at, "outside the workday"
