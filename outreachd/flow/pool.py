"""The pool: which mailbox may send at this moment. The only owner of buckets.

It joins the lanes, which stand in order of readiness (``flow/lineup``), with all that
limits them: their domains, accounts, clients, campaigns, the pauses of each, and the
tokens that one letter costs.

Between "may I?" and "take" there is no await: one thread, no lock. Wall time is for
days and windows, monotonic seconds for gaps and buckets; both are told by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from math import inf
from typing import TypeAlias, assert_never

from msgspec import Struct

from outreachd.flow.lineup import Lineup
from outreachd.flow.places import Builder, DomainPlace, Lane
from outreachd.rules.admission import (
    Gate,
    MailboxStanding,
    Setback,
    Standing,
    gap_s,
    pause_wait_s,
)
from outreachd.rules.meter import UNLIMITED, DayMeter
from outreachd.rules.model import Account, Campaign, Domain, Kind, Pause, Roster, Route
from outreachd.rules.receiver_pace import AccountPaces, ReceiverPace, tuned
from outreachd.rules.records import Charge, Facts

# Of a mailbox, its domain, the account and the client, in this order.
Days: TypeAlias = tuple[DayMeter, DayMeter, DayMeter, DayMeter]

# So many accounts divide the places for letters under way; of more, each has this part.
MOST_PARTS = 4


class Permit(Struct, frozen=True):
    """The right to one letter: tokens are taken, the lane is busy until released.

    Holds all that its end needs: what it names may leave the fleet before.
    """

    lane: Lane
    campaign: Campaign
    account: Account
    route: Route
    days: Days


class Pool(Lineup):
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

    # --- the fleet as it was applied ----------------------------------------------

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

    def wait_s(
        self, lane: Lane, campaign: Campaign, now: datetime, mono: float
    ) -> float:
        """Tell the longest wait of all gates of a letter of this campaign."""
        return self._best_way(lane, campaign, now, mono)[1]

    def _best_way(
        self, lane: Lane, campaign: Campaign, now: datetime, mono: float
    ) -> tuple[int, float]:
        """Choose an account, and tell the longest wait of all gates by that way."""
        account_id, account_wait_s = self._way_out(lane.domain.domain, now, mono)
        return account_id, max(
            account_wait_s,
            self.fleet.wait_s(now, mono),
            lane.standing.wait_s(now, mono),
            lane.domain.standing.wait_s(now, mono),
            self.campaigns[campaign.id].wait_s(now, mono),
            self.clients[campaign.client_id].wait_s(now, mono),
        )

    # --- tokens ---------------------------------------------------------------------

    def take(
        self,
        lane: Lane,
        campaign: Campaign,
        now: datetime,
        mono: float,
        pace: ReceiverPace | None = None,
    ) -> Permit | float:
        """Take every token one letter costs, or tell the seconds to wait.

        ``pace``: of the account that is open, at the letter's receiver; it lets it go.
        """
        if not self.holds(lane):
            return inf
        account_id, wait_s = self._best_way(lane, campaign, now, mono)
        if wait_s > 0:
            return wait_s
        account = self.accounts[account_id]
        for standing in (lane.domain.standing, account):
            assert standing.bucket is not None
            standing.bucket.take(1, now=mono)
        if pace is not None:
            pace.take(mono)
        days = self._days(lane, account_id, campaign)
        for day in days:
            day.reserve()
        lane.is_busy = True
        account.under_way += 1
        model = self.roster.accounts[account_id]
        box = lane.standing.box
        own = box.username is not None
        route = Route(
            account=model,
            mailbox_id=box.id if own else None,
            username=box.username if own else model.username,
        )
        return Permit(lane, campaign, model, route, days)

    def charges(
        self, permit: Permit, now: datetime
    ) -> tuple[Charge, Charge, Charge, Charge]:
        """Say on which day and under which cap an intent at ``now`` counts."""
        mailbox, domain, account, client = (day.charge(now) for day in permit.days)
        return mailbox, domain, account, client

    def release(
        self,
        permit: Permit,
        *,
        spent: bool,
        now: datetime,
        mono: float,
        was_heard: bool = False,
    ) -> None:
        """End a permit; the gap counts from now if a letter may have gone out.

        ``was_heard``: a server refused it, so somebody has seen this sender. A list of
        bad addresses is not tried any faster than a good one is written to.
        """
        lane = permit.lane
        for day in permit.days:
            day.settle(spent=spent, now=now)
        lane.is_busy = False
        account = self.accounts.get(permit.account.id)
        if account is not None and account.under_way > 0:  # it may have come back anew
            account.under_way -= 1
        if spent:
            lane.standing.hour.add(mono)
            lane.idle_since = mono
        if spent or was_heard:
            lane.standing.free_at = mono + gap_s(lane.standing.box, self._dice())
        if self.holds(lane):
            self.arm(lane, now, mono)

    def _days(self, lane: Lane, account_id: int, campaign: Campaign) -> Days:
        domain, account, client = (
            lane.domain.standing.day,
            self.accounts[account_id].day,
            self.clients[campaign.client_id].day,
        )
        assert domain is not None
        assert account is not None
        assert client is not None
        return lane.standing.day, domain, account, client

    def way_out(self, lane: Lane, now: datetime, mono: float) -> int:
        """Name the account by which a letter of this lane would leave now."""
        return self._way_out(lane.domain.domain, now, mono)[0]

    def _way_out(self, domain: Domain, now: datetime, mono: float) -> tuple[int, float]:
        """Choose the first preferred account that is open, else the soonest."""
        best = (domain.account_ids[0], inf)
        for account_id in domain.account_ids:
            wait_s = self.accounts[account_id].wait_s(now, mono)
            if wait_s <= 0:
                return account_id, 0.0
            if wait_s < best[1]:
                best = (account_id, wait_s)
        return best

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

    # --- explaining -----------------------------------------------------------------

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

    def gates(
        self, lane: Lane, campaign: Campaign, now: datetime, mono: float
    ) -> Iterator[Gate]:
        """List every gate a letter of this campaign passes on this lane."""
        yield from self.fleet.gates(now, mono)
        yield from self.clients[campaign.client_id].gates(now, mono)
        yield from self.campaigns[campaign.id].gates(now, mono)
        yield from lane.standing.gates(now, mono)
        yield from lane.domain.standing.gates(now, mono)
        yield from self.accounts[self.way_out(lane, now, mono)].gates(now, mono)
