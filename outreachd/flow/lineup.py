"""The line-up: the lanes of the fleet in order of readiness.

A mailbox is a **lane**. It waits (a heap of instants), is ready (in the heap of its
cell, longest idle first) or is busy with one letter. A **cell** is the lanes of one
domain that serve the same campaigns, so that choosing a lane for a campaign looks at
the top of a few heaps, never at all the lanes. An entry of a heap whose ticket is not
its lane's any more is out of date, and passed over when it comes up.

Wall time is for days and windows, monotonic seconds for gaps; both are told.
"""

from __future__ import annotations

import heapq
import itertools
from datetime import datetime
from math import inf

from outreachd.flow.places import Cell, Lane
from outreachd.flow.room import Room
from outreachd.rules.model import Roster

# A heap of ready lanes is swept when it is this many times longer than it can be true.
VOID_PARTS = 4


class Lineup:
    """Lanes that wait, are ready or busy, and the cells they stand in."""

    def __init__(self) -> None:
        self.lanes: dict[int, Lane] = {}
        self._waiting: list[tuple[float, int, int, Lane]] = []
        self._order = itertools.count()
        self._cells: dict[int, list[Cell]] = {}  # by campaign

    def rearm(self, now: datetime, mono: float) -> None:
        """Ask every lane anew: the fleet, a pause or the wall clock has changed."""
        self._waiting.clear()
        for cells in self._cells.values():
            for cell in cells:
                cell.ready.clear()
        for lane in self.lanes.values():
            if not lane.is_busy:
                self.arm(lane, now, mono)

    def _line_up(self, roster: Roster) -> None:
        """Lay the cells anew, empty; rearm() fills them."""
        for old in itertools.chain.from_iterable(self._cells.values()):
            old.ready.clear()  # or it and a lane that left hold each other
        campaigns_of: dict[int, list[int]] = {id: [] for id in roster.mailboxes}
        for campaign in roster.campaigns.values():
            for mailbox_id in campaign.mailbox_ids:
                if mailbox_id in campaigns_of:
                    campaigns_of[mailbox_id].append(campaign.id)
        cells: dict[tuple[int, tuple[int, ...]], Cell] = {}
        self._cells = {id: [] for id in roster.campaigns}
        for lane in self.lanes.values():
            served = tuple(campaigns_of[lane.id])
            key = (lane.domain.domain.id, served)
            if key not in cells:
                cells[key] = Cell(lane.domain)
                for campaign_id in served:
                    self._cells[campaign_id].append(cells[key])
            lane.cell = cells[key]
            lane.cell.size += 1

    # --- readiness ------------------------------------------------------------------

    def arm(self, lane: Lane, now: datetime, mono: float) -> bool:
        """Put a lane where it belongs: ready, or waiting for an instant."""
        lane.ticket += 1
        wait_s = lane.standing.wait_s(now, mono)
        if wait_s <= 0:
            assert lane.cell is not None
            entry = (lane.idle_since, next(self._order), lane.ticket, lane)
            heapq.heappush(lane.cell.ready, entry)
            if len(lane.cell.ready) > VOID_PARTS * lane.cell.size:
                _drop_void(lane.cell)
            return True
        if wait_s < inf:
            entry = (mono + wait_s, next(self._order), lane.ticket, lane)
            heapq.heappush(self._waiting, entry)
        return False

    def advance(self, now: datetime, mono: float) -> list[Lane]:
        """Make ready what has waited long enough; tell which lanes became ready."""
        became: list[Lane] = []
        while self._waiting and self._waiting[0][0] <= mono:
            _, _, ticket, lane = heapq.heappop(self._waiting)
            if ticket == lane.ticket and not lane.is_busy and self.arm(lane, now, mono):
                became.append(lane)
        return became

    def next_wait_s(self, mono: float) -> float:
        """Tell the seconds until the next waiting lane is ready."""
        while self._waiting and self._waiting[0][2] != self._waiting[0][3].ticket:
            heapq.heappop(self._waiting)
        return max(self._waiting[0][0] - mono, 0.0) if self._waiting else inf

    # --- choosing -------------------------------------------------------------------

    def longest_idle(
        self, campaign_id: int, room: Room, now: datetime, mono: float
    ) -> Lane | None:
        """Take the longest idle ready lane of a campaign's pool; the caller keeps it.

        ``room`` counts what this round has left of each domain and account, and
        remembers which cells are still worth looking at.
        """
        tops = room.tops.get(campaign_id)
        if tops is None:
            tops = room.tops[campaign_id] = []
            for cell in self._cells.get(campaign_id, ()):
                self._look_at(cell, tops, now, mono)
        while tops:
            idle_since, order, cell = heapq.heappop(tops)
            if not room.is_open(cell.domain):
                continue
            if self._top(cell, now, mono) == (idle_since, order):
                lane = heapq.heappop(cell.ready)[3]
                lane.ticket += 1
                self._look_at(cell, tops, now, mono)
                return lane
            self._look_at(cell, tops, now, mono)  # another campaign took it
        return None

    def _look_at(
        self,
        cell: Cell,
        tops: list[tuple[float, int, Cell]],
        now: datetime,
        mono: float,
    ) -> None:
        top = self._top(cell, now, mono)
        if top is not None:
            heapq.heappush(tops, (*top, cell))

    def _top(self, cell: Cell, now: datetime, mono: float) -> tuple[float, int] | None:
        """Look at a cell's longest idle lane, past entries that no longer hold."""
        ready = cell.ready
        while ready:
            idle_since, order, ticket, lane = ready[0]
            if ticket == lane.ticket and not lane.is_busy:
                if lane.standing.wait_s(now, mono) <= 0:
                    return idle_since, order
                heapq.heappop(ready)
                self.arm(lane, now, mono)  # its workday or its day ended meanwhile
            else:
                heapq.heappop(ready)
        return None

    def is_ready(self, lane: Lane, now: datetime, mono: float) -> bool:
        """Tell whether a lane is in the fleet and its own gates are all open."""
        return (
            self.holds(lane)
            and not lane.is_busy
            and lane.standing.wait_s(now, mono) <= 0
        )

    def holds(self, lane: Lane) -> bool:
        """Tell whether a lane is in the fleet as it is now."""
        return self.lanes.get(lane.id) is lane

    def keep(self, lane: Lane) -> None:
        """Take a ready lane out of its heap, as longest_idle() does."""
        lane.ticket += 1


def _drop_void(cell: Cell) -> None:
    """Forget entries that no longer hold: nobody pops them where all is follow-ups."""
    cell.ready[:] = [entry for entry in cell.ready if entry[2] == entry[3].ticket]
    heapq.heapify(cell.ready)
