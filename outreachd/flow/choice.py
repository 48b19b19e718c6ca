"""The choice: which lanes may have a row in this round, and of which source.

First the ready lanes with due follow-ups (they stay with the mailbox of the first
touch), then, by fair share between clients and campaigns, first touches for the
longest idle lanes. What is picked is kept out of the pool's heaps until it is taken or
put back. Nothing here waits: between looking and keeping there is no await.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outreachd.flow.agenda import Agenda
from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.flow.room import Room
from outreachd.rules.model import Campaign
from outreachd.rules.records import Queue
from outreachd.rules.share import FairShare

# Lanes asked for follow-ups in one claim: more would make one statement slow.
FOLLOW_UPS_A_ROUND = 400


@dataclass(frozen=True, slots=True)
class Pick:
    """A lane kept for one row of a source; a follow-up's campaign is not known yet."""

    source: int | Queue
    lane: Lane
    campaign: Campaign | None


class Choice:
    """Picks lanes for due rows, by readiness and fair share."""

    def __init__(self, pool: Pool, agenda: Agenda, share: FairShare) -> None:
        self._pool = pool
        self._agenda = agenda
        self._share = share

    def picks(self, slots: int, now: datetime, mono: float) -> tuple[list[Pick], float]:
        """Keep a lane for each row that can go; without any, the seconds to wait."""
        self._pool.advance(now, mono)
        room = Room(self._pool.accounts, now, mono)
        picks = self._follow_ups(min(slots, FOLLOW_UPS_A_ROUND), room, now, mono)
        picks += self._first_touches(slots - len(picks), room, now, mono)
        wait_s = min(
            self._pool.next_wait_s(mono),
            self._agenda.next_wait_s(now),
            room.blocked_s,
        )
        return picks, wait_s

    def _follow_ups(
        self, slots: int, room: Room, now: datetime, mono: float
    ) -> list[Pick]:
        picks: list[Pick] = []
        for lane in self._agenda.followers(now):
            if len(picks) == slots:
                break
            if self._pool.is_ready(lane, now, mono) and room.is_open(lane.domain):
                self._pool.keep(lane)
                room.spend(lane.domain)
                picks.append(Pick(lane.id, lane, None))
        return picks

    def _first_touches(
        self, slots: int, room: Room, now: datetime, mono: float
    ) -> list[Pick]:
        picks: list[Pick] = []
        open_queues = self._open_queues(room, now, mono)
        turns: dict[int, set[int]] = {}
        for campaign_id in open_queues:
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
            picks.append(Pick(open_queues[campaign_id], lane, campaign))
        return picks

    def _open_queues(self, room: Room, now: datetime, mono: float) -> dict[int, Queue]:
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
        if self._pool.holds(pick.lane):
            self._pool.arm(pick.lane, now, mono)
