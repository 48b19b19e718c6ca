"""The pool: which mailbox may send at this moment. The only owner of buckets.

It asks all standings of the fleet (``flow/standings``) for a letter, takes the tokens
that it costs, and takes them back as its end says.

Between "may I?" and "take" there is no await: one thread, no lock. Wall time is for
days and windows, monotonic seconds for gaps and buckets; both are told by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import inf
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from outreachd.flow.places import Lane
from outreachd.flow.standings import Standings
from outreachd.rules.admission import (
    Gate,
    gap_s,
)
from outreachd.rules.meter import DayMeter
from outreachd.rules.model import Account, Campaign, Domain, Route
from outreachd.rules.receiver_pace import ReceiverPace
from outreachd.rules.records import Charge

# Of a mailbox, its domain, the account and the client, in this order; none where the
# facts that the pool began with count the letter already.
Days: TypeAlias = tuple[DayMeter, ...]


class Permit(Struct, frozen=True):
    """The right to one letter: tokens are taken, the lane is busy until released.

    Holds all that its end needs: what it names may leave the fleet before.
    """

    lane: Lane
    campaign: Campaign
    account: Account
    route: Route
    days: Days


class Pool(Standings):
    """Gives permits, and takes them back."""

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

    def adopt(self, permit: Permit) -> Permit:
        """Take over a permit of the shift before, past its intent: its lane is busy.

        Its days are charged in the facts; its hour and gap count anew from its end.
        """
        lane = self.lanes.get(permit.lane.id, permit.lane)
        self.keep(lane)
        lane.is_busy = True
        account = self.accounts.get(permit.account.id)
        if account is not None:
            account.under_way += 1
        return replace(permit, lane=lane, days=())

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

    # --- explaining -----------------------------------------------------------------

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
