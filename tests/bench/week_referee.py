"""The week's referee: what the SMTP server's log says, against the plan.

Local times by ``zoneinfo``, holidays by ``holidays``, both directly: no rule of
outreachd takes part. Each letter in its campaign's hours at the recipient's, in its
mailbox's workday, on no holiday there; each step once, in order, in the thread and from
the mailbox of the first, not sooner than its workdays; nothing after an opt-out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from holidays import country_holidays

from tests.bench.week_leavers import Left
from tests.bench.week_plan import DELAYS, Campaign, Home, Plan
from tests.bench.week_sink import Line

DAY = timedelta(days=1)
# A letter that was being handed over while its reader left: real seconds.
CROSSING_S = 1.0


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that must not have happened."""

    law: str
    text: str


def breaches(
    plan: Plan, letters: Sequence[Line], left: Iterable[Left]
) -> Iterator[Breach]:
    """Judge a log."""
    yield from _identities(letters)
    threads: dict[tuple[str, str], list[Line]] = {}
    for line in sorted(letters, key=lambda line: line.at):
        threads.setdefault((line.campaign, line.recipient), []).append(line)
    for whom, lines in threads.items():
        person = plan.of.get(whom)
        if person is None:
            yield Breach("stranger", f"{whom} is in no list")
            continue
        for line in lines:
            yield from _times(plan, person.campaign, person.home, line)
        yield from _thread(person.campaign, person.home, lines)
    yield from _after_leaving(plan, threads, left)


def is_open(campaign: Campaign, home: Home, at: float) -> bool:
    """Tell whether a campaign may write to people who live there."""
    return not list(_window(campaign, home, at))


def crossings(plan: Plan, letters: Iterable[Line], left: Iterable[Left]) -> list[float]:
    """Tell how long after an answer those arrived that were under way, in seconds."""
    answered = {(one.email, one.client): one for one in left}
    found = []
    for line in letters:
        one = answered.get((line.recipient, plan.campaigns[line.campaign].client))
        if one and line.at == one.at and line.real > one.real:
            found.append(line.real - one.real)
    return found


def _identities(letters: Sequence[Line]) -> Iterator[Breach]:
    seen: set[str] = set()
    for line in letters:
        if line.message_id in seen or not line.message_id:
            yield Breach("twice", f"{line.message_id} to {line.recipient}")
        seen.add(line.message_id)


# --- hours ------------------------------------------------------------------


def _times(plan: Plan, campaign: Campaign, home: Home, line: Line) -> Iterator[Breach]:
    text = f"{line.campaign} to {line.recipient} in {home.zone}"
    for law in _window(campaign, home, line.at):
        yield Breach(law, f"{text} at {_local(line.at, home.zone)}")
    box = plan.mailboxes.get(line.sender)
    if box is None:
        yield Breach("stranger", f"{line.sender} is no mailbox")
    elif not _is_within(box.minutes, local := _local(line.at, box.zone)):
        yield Breach("workday", f"{line.sender} at {local}")


def _window(campaign: Campaign, home: Home, at: float) -> Iterator[str]:
    local = _local(at, home.zone)
    if not _is_within(campaign.minutes, local):
        yield "hours"
    if local.weekday() > campaign.last_day:
        yield "weekday"
    if local.date() in _holidays(home):
        yield "holiday"


def _is_within(minutes: tuple[int, int], local: datetime) -> bool:
    return minutes[0] <= local.hour * 60 + local.minute < minutes[1]


def _local(at: float, zone: str) -> datetime:
    return datetime.fromtimestamp(at, _zone(zone))


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def _holidays(home: Home) -> frozenset[date]:
    found = country_holidays(home.country, subdiv=home.region or None, years=2026)
    return frozenset(found)


# --- sequences --------------------------------------------------------------


def _thread(campaign: Campaign, home: Home, lines: Sequence[Line]) -> Iterator[Breach]:
    first = lines[0]
    text = f"{first.campaign} to {first.recipient}"
    if [line.step for line in lines] != list(range(1, len(lines) + 1)):
        yield Breach("steps", f"{text}: {[line.step for line in lines]}")
        return
    if first.in_reply_to or first.references:
        yield Breach("thread", f"{text}: the first letter answers something")
    for before, line in pairwise(lines):
        if line.in_reply_to != first.message_id:
            yield Breach("thread", f"{text}: In-Reply-To {line.in_reply_to}")
        if first.message_id not in line.references.split():
            yield Breach("thread", f"{text}: References {line.references}")
        if line.sender != first.sender:
            yield Breach("mailbox", f"{text}: {first.sender}, then {line.sender}")
        if not _has_waited(campaign, home, before.at, line):
            yield Breach("delay", f"{text}: {_local(before.at, home.zone)}, {line}")


def _has_waited(campaign: Campaign, home: Home, before: float, line: Line) -> bool:
    """Whether the workdays have passed, to the time of day (the first, if twice)."""
    sent = _local(before, home.zone)
    day, left = sent.date(), DELAYS[line.step]
    while left:
        day += DAY
        left -= day.weekday() <= campaign.last_day and day not in _holidays(home)
    return line.at >= datetime.combine(day, sent.time(), sent.tzinfo).timestamp()


# --- leaving ----------------------------------------------------------------


def _after_leaving(
    plan: Plan, threads: dict[tuple[str, str], list[Line]], left: Iterable[Left]
) -> Iterator[Breach]:
    of_client: dict[str, list[str]] = {}
    for campaign in plan.campaigns.values():
        of_client.setdefault(campaign.client, []).append(campaign.name)
    for one in left:
        for name in of_client[one.client]:
            for line in threads.get((name, one.email), ()):
                is_crossing = line.at == one.at and line.real <= one.real + CROSSING_S
                if line.at >= one.at and line.real > one.real and not is_crossing:
                    yield Breach("after leaving", f"{one}: {line}")
