"""Station 3: a claimed row is admitted, or goes back with the time to come again.

Everything is asked once more that may have changed since its lane was chosen: the
campaign, its window where the recipient is, what receivers said, the pool. What was
not admitted has taken no token.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from outreachd.flow.agenda import Agenda
from outreachd.flow.places import Lane
from outreachd.flow.pool import Permit, Pool
from outreachd.flow.receivers import Receivers
from outreachd.flow.shaping import Shaping
from outreachd.rules.model import Campaign, Claim
from outreachd.rules.records import GiveBack
from outreachd.rules.returns import (
    RECEIVER_RATE,
    expired,
    not_now,
    unknown_campaign,
    unknown_zone,
)


class Admitter:
    """Admits claimed rows; ``shaping`` and ``receivers`` only where there are any."""

    def __init__(
        self,
        pool: Pool,
        agenda: Agenda,
        shaping: Shaping | None,
        receivers: Receivers | None,
    ) -> None:
        self._pool = pool
        self._agenda = agenda
        self._shaping = shaping
        self._receivers = receivers

    def admit(
        self, claim: Claim, lane: Lane, now: datetime, mono: float
    ) -> Permit | GiveBack:
        """Take the tokens of a letter by this lane, or say how its row goes back."""
        campaign = self._pool.roster.campaigns.get(claim.campaign_id)
        if campaign is None:
            return unknown_campaign(claim)
        back = self._turned_away(claim, campaign, now) or self._slowed(claim, lane, now)
        if back is not None:
            return back
        pace = None
        if self._receivers is not None:
            pace = self._receivers.pace(claim.email, lane, now, mono)
            if pace is not None and pace.wait_s(mono) > 0:
                return not_now(claim, now, pace.line_up(mono), RECEIVER_RATE)
        permit = self._pool.take(lane, campaign, now, mono, pace)
        if isinstance(permit, Permit):
            return permit
        return not_now(claim, now, permit, "no_room")

    def _turned_away(
        self, claim: Claim, campaign: Campaign, now: datetime
    ) -> GiveBack | None:
        if campaign.useful_for_s is not None:
            useful_until = claim.first_due_at + timedelta(seconds=campaign.useful_for_s)
            if now > useful_until:
                return expired(claim, useful_until)
        window = self._agenda.window(campaign, claim.place, now)
        if window is None:
            return unknown_zone(claim)
        closed_s = window.wait_s(now)
        return not_now(claim, now, closed_s, "window_closed") if closed_s > 0 else None

    def _slowed(self, claim: Claim, lane: Lane, now: datetime) -> GiveBack | None:
        """Let a letter wait whose receiver wants no more of this sender for now."""
        if self._shaping is None:
            return None
        domain = lane.domain.domain
        wait_s = self._shaping.wait_s(
            claim.email, account_ids=domain.account_ids, domain_id=domain.id, now=now
        )
        return not_now(claim, now, wait_s, "receiver_slows") if wait_s > 0 else None
