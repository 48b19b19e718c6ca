"""The outlook: what will go out on a day, what will be late, and what held it back.

Pure counting: a simulation tells what came due, what was sent and which gate was
closed while something waited; the outlook answers by day. Days are local days of the
client (of the domain, for a domain's figures). Late = due by the end of that day and
still waiting then; the gate named is the one that was closed longest for most of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from outreachd.rules.admission import Gate
from outreachd.rules.closures import Closures
from outreachd.rules.model import Kind, Roster
from outreachd.rules.records import Facts

# What a closed gate means, in the words of somebody who waits before it.
CLOSED = {
    "day": "day full",
    "hour": "hour full",
    "rate": "rate reached",
    "gap": "gap between letters",
    "workday": "outside working hours",
}
PLURALS = {
    Kind.FLEET: "the fleet",
    Kind.CLIENT: "clients",
    Kind.CAMPAIGN: "campaigns",
    Kind.DOMAIN: "domains",
    Kind.MAILBOX: "mailboxes",
    Kind.ACCOUNT: "accounts",
}
NO_TIME_LEFT = "it came due too late in the day"
MAJORITY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Scheduled sends that are alike, and how many of them there are."""

    campaign_id: int
    place: str
    mailbox_id: int | None  # None = a first touch: any mailbox of the pool
    step_number: int
    due_at: datetime
    n: int
    receiver: str = ""  # "" = too few wait for it for any rate to matter


@dataclass(frozen=True, slots=True)
class Reason:
    """What held late sends back, and in which part of the cases (0..1)."""

    gate: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDay:
    """One campaign on one day."""

    client: str
    campaign: str
    first_touches: int
    follow_ups: int
    late: int
    why: tuple[Reason, ...] = ()  # the strongest first

    @property
    def sent(self) -> int:
        """All letters of the day."""
        return self.first_touches + self.follow_ups


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainDay:
    """One sending domain on one day."""

    domain: str
    sent: int
    before: int  # sent already when the outlook began
    limit: int


@dataclass(slots=True)
class _Tally:
    """A campaign's counts of one day."""

    due: int = 0
    ended: int = 0  # expired or held: no longer waiting
    first_touches: int = 0
    follow_ups: int = 0
    # By moment: how many waited before which gate.
    gates: dict[datetime, dict[Blocked, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blocked:
    """A closed gate: of which kind of thing, of which one, and what is the matter."""

    kind: str
    name: str
    matter: str

    @classmethod
    def by(cls, gate: Gate) -> Blocked:
        """Read a gate's name, such as "mailbox ann@mail.acme.example: day"."""
        who, _, what = gate.name.rpartition(": ")
        kind, _, name = who.partition(" ")
        matter = CLOSED.get(what, f"{what} ({gate.value})")
        return cls(kind, name, matter)


class Outlook:
    """Counts by day while a simulation runs; answers afterwards."""

    def __init__(self, roster: Roster, facts: Facts) -> None:
        self._roster = roster
        self._facts = facts
        self.closures = Closures()
        self._tallies: dict[int, dict[date, _Tally]] = {
            id: {} for id in roster.campaigns
        }
        self._domains: dict[tuple[int, date], list[int]] = {}  # sent, cap

    # --- told by the simulation -----------------------------------------------------

    def came_due(self, campaign_id: int, at: datetime, n: int) -> None:
        """Count sends that are due from ``at`` on."""
        self._tally(campaign_id, at).due += n

    def sent(self, campaign_id: int, step_number: int, at: datetime) -> None:
        """Count one letter."""
        tally = self._tally(campaign_id, at)
        if step_number == 1:
            tally.first_touches += 1
        else:
            tally.follow_ups += 1

    def left(self, domain_id: int, at: datetime, cap: int) -> None:
        """Count one letter of a domain, on a day that allows ``cap``."""
        day = at.astimezone(self._roster.domains[domain_id].timezone).date()
        row = self._domains.setdefault((domain_id, day), [0, cap])
        row[0] += 1

    def ended(self, campaign_id: int, at: datetime) -> None:
        """Count a send that waits no longer, but was not sent."""
        self._tally(campaign_id, at).ended += 1

    def held_back(
        self, campaign_id: int, at: datetime, blocked: Blocked, weight: float
    ) -> None:
        """Note that at this moment so many waited before this closed gate."""
        gates = self._tally(campaign_id, at).gates.setdefault(at, {})
        gates[blocked] = gates.get(blocked, 0.0) + weight

    def _tally(self, campaign_id: int, at: datetime) -> _Tally:
        client_id = self._roster.campaigns[campaign_id].client_id
        day = at.astimezone(self._roster.clients[client_id].timezone).date()
        days = self._tallies[campaign_id]
        if day not in days:
            days[day] = _Tally()
        return days[day]

    def campaign_name(self, id: int) -> str:
        """Name a campaign."""
        return self._roster.campaigns[id].name

    # --- answers ----------------------------------------------------------------------

    def campaigns(self, day: date) -> Iterator[CampaignDay]:
        """Tell each campaign's day; those without anything are left out."""
        for id, days in self._tallies.items():
            tally = days.get(day, _Tally())
            late = sum(
                past.due - past.ended - past.first_touches - past.follow_ups
                for when, past in days.items()
                if when <= day
            )
            if not (late or tally.first_touches or tally.follow_ups):
                continue
            campaign = self._roster.campaigns[id]
            yield CampaignDay(
                client=self._roster.clients[campaign.client_id].name,
                campaign=campaign.name,
                first_touches=tally.first_touches,
                follow_ups=tally.follow_ups,
                late=late,
                why=tuple(_reasons(_held(tally.gates.values(), late))) if late else (),
            )

    def domains(self, day: date) -> Iterator[DomainDay]:
        """Tell each domain's day; those that send nothing are left out."""
        for (id, when), (sent, cap) in self._domains.items():
            if when == day:
                yield DomainDay(
                    domain=self._roster.domains[id].name,
                    sent=sent,
                    before=self._facts.used.get((Kind.DOMAIN, id, day), 0),
                    limit=cap,
                )


def by_client(rows: Iterable[CampaignDay]) -> Mapping[str, tuple[int, int]]:
    """Add up campaigns by client: sent and late."""
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        sent, late = sums.get(row.client, (0, 0))
        sums[row.client] = (sent + row.sent, late + row.late)
    return sums


def _held(
    moments: Iterable[Mapping[Blocked, float]], late: int
) -> Mapping[Blocked, float]:
    """Add up the moments; in each, no more than were late in the end count."""
    sums: dict[Blocked, float] = {}
    for gates in moments:
        part = min(1.0, late / sum(gates.values()))
        for blocked, weight in gates.items():
            sums[blocked] = sums.get(blocked, 0.0) + weight * part
    return sums


def _reasons(gates: Mapping[Blocked, float]) -> Iterator[Reason]:
    """Join the gates of a kind: thirty full mailboxes are one reason."""
    alike: dict[tuple[str, str], dict[str, float]] = {}
    for blocked, weight in gates.items():
        names = alike.setdefault((blocked.kind, blocked.matter), {})
        names[blocked.name] = names.get(blocked.name, 0.0) + weight
    total = sum(gates.values())
    if not total:
        yield Reason(NO_TIME_LEFT, 1.0)
        return
    ranked = sorted(alike.items(), key=lambda item: -sum(item[1].values()))
    for (kind, matter), names in ranked:
        weight = sum(names.values())
        yield Reason(f"{_who(kind, names, weight)}: {matter}", round(weight / total, 3))


def _who(kind: str, names: Mapping[str, float], weight: float) -> str:
    top, heaviest = max(names.items(), key=lambda item: item[1])
    if len(names) == 1:
        return f"{kind} {top}".strip()
    if heaviest >= weight * MAJORITY:
        return f"{kind} {top} and {len(names) - 1} more"
    return f"{len(names)} {PLURALS[Kind(kind)]}"
