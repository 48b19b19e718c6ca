"""The standings of the fleet: where each client, account, domain and mailbox stands.

Everything that limits a letter is in here: days, buckets, pauses, rests, as the fleet
was applied and as things went since. The lanes stand in order of readiness
(``flow/lineup``). Wall time is for days and windows, monotonic seconds for gaps and
buckets; both are told by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from outreachd.flow.lineup import Lineup
from outreachd.flow.places import Builder, DomainPlace
from outreachd.rules.admission import (
    MailboxStanding,
    Setback,
    Standing,
    pause_wait_s,
)
from outreachd.rules.meter import UNLIMITED, DayMeter
from outreachd.rules.model import Kind, Pause, Roster
from outreachd.rules.receiver_pace import AccountPaces, tuned
from outreachd.rules.records import Facts

# So many accounts divide the places for letters under way; of more, each has this part.
MOST_PARTS = 4


class Standings(Lineup):
    """All standings of the fleet, and the lanes in order of readiness."""

    def __init__(
        self,
        roster: Roster,
        facts: Facts,
        dice: Callable[[], float],
        *,
        now: datetime,
        mono: float,
    ) -> None:
        super().__init__()
        self._dice = dice
        self.domains: dict[int, DomainPlace] = {}
        self.accounts: dict[int, Standing] = {}
        self.clients: dict[int, Standing] = {}
        self.campaigns: dict[int, Standing] = {}
        # By account, of those with rates by receiver: mostly none.
        self.paces: dict[int, AccountPaces] = {}
        self.fleet = Standing(Kind.FLEET, "")
        self._places = UNLIMITED
        self.apply(roster, facts, now=now, mono=mono)

    def apply(
        self, roster: Roster, facts: Facts, *, now: datetime, mono: float
    ) -> None:
        """Take on a roster: new things start from the facts, known ones are retuned."""
        self.roster = roster
        build = Builder(roster, facts, now=now, mono=mono)
        self.clients = {
            id: build.client(client, self.clients.get(id))
            for id, client in roster.clients.items()
        }
        self.accounts = {
            id: build.account(account, self.accounts.get(id))
            for id, account in roster.accounts.items()
        }
        self.paces = {
            id: tuned(self.paces.get(id), account.receiver_rates, mono)
            for id, account in roster.accounts.items()
            if account.receiver_rates
        }
        self.domains = {
            id: build.domain(domain, self.domains.get(id))
            for id, domain in roster.domains.items()
        }
        self.campaigns = {
            id: self.campaigns.get(id) or Standing(Kind.CAMPAIGN, campaign.name)
            for id, campaign in roster.campaigns.items()
        }
        self.lanes = {
            id: build.lane(box, self.domains[box.domain_id], self.lanes.get(id))
            for id, box in roster.mailboxes.items()
        }
        self._line_up(roster)
        self._divide()
        self.rearm(now, mono)

    def share_places(self, max_in_flight: int) -> None:
        """Say how many letters may be under way, of all accounts together."""
        self._places = max_in_flight
        self._divide()

    def _divide(self) -> None:
        """Give no account all places: one that hangs would stop all others."""
        domains = self.roster.domains.values()
        ways = {id for domain in domains for id in domain.account_ids}
        parts = min(len(ways), MOST_PARTS)
        for account in self.accounts.values():
            account.at_once = max(self._places // parts, 1) if parts > 1 else UNLIMITED

    def set_pauses(
        self, pauses: Iterable[Pause], *, now: datetime, mono: float
    ) -> None:
        """Replace all pauses by these."""
        by_target = {(pause.kind, pause.target_id): pause for pause in pauses}
        places: Mapping[Kind, Iterator[tuple[int, Standing | MailboxStanding]]] = {
            Kind.FLEET: iter([(0, self.fleet)]),
            Kind.CLIENT: iter(self.clients.items()),
            Kind.CAMPAIGN: iter(self.campaigns.items()),
            Kind.ACCOUNT: iter(self.accounts.items()),
            Kind.DOMAIN: ((id, d.standing) for id, d in self.domains.items()),
            Kind.MAILBOX: ((id, lane.standing) for id, lane in self.lanes.items()),
        }
        for kind, standings in places.items():
            for id, standing in standings:
                standing.pause = by_target.get((kind, id))
        self.rearm(now, mono)

    def slow(
        self, parts: Mapping[tuple[Kind, int], float], *, now: datetime, mono: float
    ) -> None:
        """Give who is not well a part of their day's allowance; all others all."""
        is_changed = False
        for key, day in self._all_days():
            part = parts.get(key, 1.0)
            if day.share != part:
                day.slow(part)
                is_changed = True
        if is_changed:
            self.rearm(now, mono)

    def step_back(self, key: tuple[Kind, int], rested: timedelta) -> None:
        """Let a ramp go back after a rest."""
        for one, day in self._all_days():
            if one == key:
                day.step_back(rested)

    def _all_days(self) -> Iterator[tuple[tuple[Kind, int], DayMeter]]:
        for kind, standings in (
            (Kind.CLIENT, self.clients),
            (Kind.ACCOUNT, self.accounts),
        ):
            for id, standing in standings.items():
                assert standing.day is not None
                yield (kind, id), standing.day
        for id, place in self.domains.items():
            assert place.standing.day is not None
            yield (Kind.DOMAIN, id), place.standing.day
        for id, lane in self.lanes.items():
            yield (Kind.MAILBOX, id), lane.standing.day

    def why_paused(self, now: datetime) -> str | None:
        """Tell why the whole fleet is paused; None = it is not."""
        pause = self.fleet.pause
        if pause is None or pause_wait_s(pause, now) <= 0:
            return None
        return pause.reason

    def set_back(
        self, kind: Kind, id: int, setback: Setback | None, now: datetime, mono: float
    ) -> None:
        """Let something rest after failures, or, with None, end its rest."""
        if kind is Kind.MAILBOX:
            lane = self.lanes.get(id)
            if lane is not None:
                lane.standing.setback = setback
                if not lane.is_busy:
                    self.arm(lane, now, mono)
        elif kind is Kind.ACCOUNT and id in self.accounts:
            self.accounts[id].setback = setback
        elif kind is Kind.DOMAIN and id in self.domains:
            self.domains[id].standing.setback = setback

    def name_of(self, kind: Kind, id: int) -> str:
        """Name a mailbox, domain or account; "" = it has left the fleet."""
        if kind is Kind.MAILBOX:
            lane = self.lanes.get(id)
            return lane.standing.box.address if lane else ""
        if kind is Kind.DOMAIN:
            place = self.domains.get(id)
            return place.domain.name if place else ""
        account = self.accounts.get(id)
        return account.name if account else ""

    def standings(self, kind: Kind) -> Iterator[tuple[str, Standing | MailboxStanding]]:
        """List all of a kind by name."""
        match kind:
            case Kind.FLEET:
                yield self.fleet.name, self.fleet
            case Kind.CLIENT:
                yield from ((s.name, s) for s in self.clients.values())
            case Kind.CAMPAIGN:
                yield from ((s.name, s) for s in self.campaigns.values())
            case Kind.ACCOUNT:
                yield from ((s.name, s) for s in self.accounts.values())
            case Kind.DOMAIN:
                yield from ((d.domain.name, d.standing) for d in self.domains.values())
            case Kind.MAILBOX:
                for lane in self.lanes.values():
                    yield lane.standing.box.address, lane.standing
            case _:
                assert_never(kind)
