"""The choice: which lanes may have a row in this round, and of which source.

First the ready lanes with due follow-ups (they stay with the mailbox of the first
touch), but for the part of their letters that a campaign keeps for first touches.
Then, by fair share between clients and campaigns, first touches for the longest idle
lanes. What is picked is kept out of the pool's heaps until it is taken or put back.
Nothing here waits: between looking and keeping there is no await.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from outreachd.flow.agenda import Agenda
from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.flow.room import Room
from outreachd.rules.admission import Standing
from outreachd.rules.model import Campaign, Roster
from outreachd.rules.records import Queue
from outreachd.rules.share import FairShare
from outreachd.rules.touches import TouchTurns

# Lanes asked for follow-ups in one claim: more would make one statement slow.
FOLLOW_UPS_A_ROUND = 400


@dataclass(frozen=True, slots=True)
class Pick:
    """A lane kept for one row of a source; a follow-up's campaign is not known yet."""

    source: int | Queue
    lane: Lane
    campaign: Campaign | None
    kept: float | None = None  # the part kept for first touches, where both waited


class Choice:
    """Picks lanes for due rows, by readiness and fair share."""

    def __init__(self, pool: Pool, agenda: Agenda, share: FairShare) -> None:
        self._pool = pool
        self._agenda = agenda
        self._share = share
        self._touches = TouchTurns()
        self._roster: Roster | None = None  # of which this is known:
        self._keeping: dict[int, list[Campaign]] = {}  # by lane, who keeps a part

    def picks(self, slots: int, now: datetime, mono: float) -> tuple[list[Pick], float]:
        """Keep a lane for each row that can go; without any, the seconds to wait."""
        self._pool.advance(now, mono)
        if (paused_s := self._pool.fleet.wait_s(now, mono)) > 0:
            return [], paused_s
        room = Room(self._pool.accounts, now, mono)
        queues = self._open_queues(room, now)
        followed = min(slots, FOLLOW_UPS_A_ROUND)
        picks = self._follow_ups(followed, queues, room, now, mono)
        picks += self._first_touches(slots - len(picks), queues, room, now, mono)
        wait_s = min(
            self._pool.next_wait_s(mono),
            self._agenda.next_wait_s(now),
            room.blocked_s,
        )
        return picks, wait_s

    def _follow_ups(
        self,
        slots: int,
        queues: Mapping[int, Queue],
        room: Room,
        now: datetime,
        mono: float,
    ) -> list[Pick]:
        picks: list[Pick] = []
        for lane in self._agenda.followers(now):
            if len(picks) == slots:
                break
            if self._pool.is_ready(lane, now, mono) and room.is_open(lane.domain):
                picks.append(self._on_lane(lane, queues, room))
                self._pool.keep(lane)
                room.spend(lane.domain)
        return picks

    def _on_lane(self, lane: Lane, queues: Mapping[int, Queue], room: Room) -> Pick:
        """Pick a lane's due follow-up, or a first touch whose part has come."""
        waiting = [
            campaign
            for campaign in self._keeping_part().get(lane.id, ())
            if campaign.id in queues and room.of(self._client(campaign)) > 0
        ]
        if not waiting:
            return Pick(lane.id, lane, None)
        part = max(campaign.first_touch_share for campaign in waiting)
        is_first = self._touches.is_first_touch(lane.id, part)
        self._touches.count(lane.id, part, is_first=is_first)
        if not is_first:
            return Pick(lane.id, lane, None, part)
        turns: dict[int, set[int]] = {}
        for campaign in waiting:
            turns.setdefault(campaign.client_id, set()).add(campaign.id)
        client_id, campaign_id = self._share.pick(turns)
        self._share.charge(client_id, campaign_id)
        room.spend_one(self._pool.clients[client_id])
        chosen = self._pool.roster.campaigns[campaign_id]
        return Pick(queues[campaign_id], lane, chosen, part)

    def _client(self, campaign: Campaign) -> Standing:
        return self._pool.clients[campaign.client_id]

    def _keeping_part(self) -> Mapping[int, Sequence[Campaign]]:
        """Tell by lane who keeps a part for first touches: mostly nobody."""
        if self._roster is not self._pool.roster:
            self._roster, self._keeping = self._pool.roster, {}
            for campaign in self._roster.campaigns.values():
                if campaign.first_touch_share > 0:
                    for mailbox_id in campaign.mailbox_ids:
                        self._keeping.setdefault(mailbox_id, []).append(campaign)
        return self._keeping

    def _first_touches(
        self,
        slots: int,
        queues: Mapping[int, Queue],
        room: Room,
        now: datetime,
        mono: float,
    ) -> list[Pick]:
        picks: list[Pick] = []
        turns: dict[int, set[int]] = {}
        for campaign_id in queues:
            client_id = self._pool.roster.campaigns[campaign_id].client_id
            turns.setdefault(client_id, set()).add(campaign_id)
        self._share.working(turns)
        while turns and len(picks) < slots:
            client_id, campaign_id = self._share.pick(turns)
            client = self._pool.clients[client_id]
            lane = (
                self._pool.longest_idle(campaign_id, room, now, mono)
                if room.of(client) > 0
                else None
            )
            if lane is None:
                turns[client_id].discard(campaign_id)
                if not turns[client_id]:
                    del turns[client_id]
                continue
            room.spend(lane.domain)
            room.spend_one(client)
            self._share.charge(client_id, campaign_id)
            campaign = self._pool.roster.campaigns[campaign_id]
            picks.append(Pick(queues[campaign_id], lane, campaign))
        return picks

    def _open_queues(self, room: Room, now: datetime) -> dict[int, Queue]:
        found: dict[int, Queue] = {}
        for campaign_id, standing in self._pool.campaigns.items():
            queue = self._agenda.open_queue(campaign_id, now)
            if queue is not None and room.of(standing) > 0:
                found[campaign_id] = queue
        return found

    def put_back(self, pick: Pick, now: datetime, mono: float) -> None:
        """Undo a pick whose row did not come or cannot go."""
        if pick.campaign is not None:
            self._share.refund(pick.campaign.client_id, pick.campaign.id)
        if pick.kept is not None:
            was_first = pick.campaign is not None
            self._touches.undo(pick.lane.id, pick.kept, was_first=was_first)
        if self._pool.holds(pick.lane):
            self._pool.arm(pick.lane, now, mono)
