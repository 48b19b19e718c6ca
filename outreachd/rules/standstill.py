"""Whether letters leave at this moment, and if not, why: one cause, one sentence.

Made of what is explained of the send that each campaign would send first (its gates),
of the accounts whose servers accept nothing, and of what waits for a person. A short
wait for a gap or a rate is part of sending. ``status``, ``/readyz``, the log and the
metric all tell this. Instants in a sentence are written in ISO 8601. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Any

from outreachd.rules.written import counted

# A wait for a gap or a rate is part of sending, not a reason not to.
PATIENCE_S = 300.0
# Somebody accepted a letter so lately that letters leave.
LATELY_S = 30.0
LOOK_AT = "`outreachd check` greets its server"


class Cause(StrEnum):
    """Why nothing leaves; the values of a metric's label."""

    SENDING = "sending"  # or about to
    NOTHING = "nothing"  # waits to be sent now
    PAUSED = "paused"
    HOURS = "hours"
    LIMIT = "limit"
    RECEIVER = "receiver"
    SERVER = "server"
    HELD = "held"
    FLEET = "fleet"
    DATABASE = "database"
    BROKEN = "broken"
    STANDBY = "standby"


# What only a person mends; all else ends by itself or was a person's wish.
TROUBLES = frozenset(
    {Cause.SERVER, Cause.HELD, Cause.FLEET, Cause.DATABASE, Cause.BROKEN}
)

# By the last word of a gate's name; what is not here is a limit.
_CAUSES = {
    "paused": Cause.PAUSED,
    "set back": Cause.SERVER,
    "calendar": Cause.HOURS,
    "workday": Cause.HOURS,
    "workday in the campaign's hours": Cause.HOURS,
    "in the fleet": Cause.FLEET,
    "suppressed": Cause.HELD,
    "due": Cause.NOTHING,
}


@dataclass(frozen=True, slots=True)
class Now:
    """What is going on: the cause, a sentence, and what stands while others go."""

    cause: Cause
    sentence: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """What is not scheduled any more but not at its end either, counted."""

    held: Mapping[str, int]  # by reason
    uncertain: int
    retired: int  # of campaigns that have left the fleet


@dataclass(frozen=True, slots=True)
class _Wait:
    seconds: float
    cause: Cause
    words: str


def idle(left: Left) -> Now:
    """Say why nothing is scheduled."""
    if left.held:
        n, most = sum(left.held.values()), max(left.held, key=lambda w: left.held[w])
        are = f"{counted(n, 'send')} {'is' if n == 1 else 'are'} held"
        why = f"most of them by {most}" if len(left.held) > 1 else f"by {most}"
        text = f"nothing waits that may go: {are}, {why}: `outreachd holds`"
        return Now(Cause.HELD, text)
    if left.retired:
        are = f"{counted(left.retired, 'send')} {'is' if left.retired == 1 else 'are'}"
        text = f"nothing waits that may go: {are} of campaigns that have left the fleet"
        return Now(Cause.FLEET, text)
    if left.uncertain:
        are = f"{counted(left.uncertain, 'send')} got no answer"
        text = f"nothing waits that may go: {are}, and may have arrived"
        return Now(Cause.HELD, text)
    text = "nothing waits to be sent; `outreachd import` brings contacts"
    return Now(Cause.NOTHING, text)


def not_due(first: Mapping[str, Any], due_at: datetime) -> Now:
    """Say when the first send is due, and what has put it off, if something has."""
    text = f"nothing is due before {_iso(due_at)}"
    if first["detail"] and first["reason"]:
        cause = Cause.RECEIVER if "receiver" in first["reason"] else Cause.SERVER
        text += f": put off as {first['reason']}, {first['detail']}; {LOOK_AT}"
        return Now(cause, text)
    return Now(Cause.NOTHING, text)


def standing(
    explained: Sequence[Mapping[str, Any]],
    silent: Sequence[str],
    *,
    accepted_s: float,
    now: datetime,
) -> Now:
    """Say what the campaigns with due sends wait for.

    ``explained``: of each its first send. ``silent``: a clause for each account whose
    server accepts nothing. ``accepted_s``: since anything was accepted, inf = never.
    """
    waits = [(row, _longest(row["gates"], now)) for row in explained]
    _, soonest = min(waits, key=lambda one: one[1].seconds)
    if soonest.words and not (soonest.cause is Cause.SERVER and silent):
        return Now(soonest.cause, _closed(soonest, now), tuple(silent))
    closed = [
        f"campaign {row['campaign']}: {wait.words}"
        for row, wait in waits
        if wait.words and not (silent and wait.cause is Cause.SERVER)  # said already
    ]
    if not silent:
        return Now(Cause.SENDING, "sending", tuple(closed))
    if accepted_s > LATELY_S:
        first = f"nothing is sent: {silent[0]}; {LOOK_AT}"
        return Now(Cause.SERVER, first, (*silent[1:], *closed))
    but = silent[0] if len(silent) == 1 else counted(len(silent), "silent account")
    return Now(Cause.SENDING, f"sending, but {but}", (*silent, *closed))


def _longest(gates: Iterable[Mapping[str, Any]], now: datetime) -> _Wait:
    """Find the gate that stays closed longest."""
    found = _Wait(0.0, Cause.SENDING, "")
    for gate in gates:
        if gate["open"]:
            continue
        cause = _cause(gate["gate"])
        at = gate["opens_at"]
        wait_s = (at - now).total_seconds() if at is not None else inf
        if wait_s < PATIENCE_S and cause is not Cause.SERVER:
            continue
        if wait_s > found.seconds:
            words = f"{gate['gate']}, {gate['value']} ({gate['limit']})"
            found = _Wait(wait_s, cause, words + _way_out(cause, gate["setting"]))
    return found


def _way_out(cause: Cause, setting: str) -> str:
    match cause:
        case Cause.PAUSED:
            return f": `{setting}`"
        case Cause.SERVER:
            return f": {LOOK_AT}"
        case Cause.RECEIVER:
            return ""
        case _:
            return f": set by {setting}"


def _cause(gate: str) -> Cause:
    if gate.startswith("receiver "):
        return Cause.RECEIVER
    return _CAUSES.get(gate.rpartition(": ")[2], Cause.LIMIT)


def _closed(wait: _Wait, now: datetime) -> str:
    if wait.seconds == inf:
        return f"nothing may be sent: {wait.words}"
    opens = _iso(now + timedelta(seconds=wait.seconds))
    return f"nothing may be sent before {opens}: {wait.words}"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
