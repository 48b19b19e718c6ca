"""What is known of due work: when each lane's and each queue's earliest row is due.

Knowledge, not work: learnt by asking the ledger at start, after a claim that came
back short, on a hint and now and then. So no claim is made of what cannot go, and
nothing that is not due is asked for. Instants are wall seconds (POSIX); inf = nothing.

A fleet has thousands of queues, and a round must not look at all of them: each is
looked at when its rows become due, when its window opens and when it closes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from math import inf

from outreachd.flow.places import Lane
from outreachd.rules.calendar import UnknownZoneError, closing, opening
from outreachd.rules.meter import Hours
from outreachd.rules.model import Calendar, Campaign
from outreachd.rules.places import calendar_at
from outreachd.rules.records import Queue


@dataclass(slots=True, eq=False)
class _Row:
    """One queue, and when its first row is due; what has an older ticket is void."""

    queue: Queue
    due: float = inf
    ticket: int = 0


class Agenda:
    """Due times by source, and the windows of the queues."""

    def __init__(self) -> None:
        self._lanes: Mapping[int, Lane] = {}
        self._campaigns: Mapping[int, Campaign] = {}
        self._lane_heap: list[tuple[float, int]] = []
        self._followers: set[int] = set()
        self._rows: dict[Queue, _Row] = {}
        # Due and open when looked at last, by campaign; all else waits for its look.
        self._open: dict[int, dict[Queue, _Row]] = {}
        self._looks: list[tuple[float, int, int, _Row]] = []
        self._closings: list[tuple[float, int, int, _Row]] = []
        self._order = count()
        self._turn = 0  # where some_sources() goes on
        self._windows: dict[Queue, Hours | None] = {}

    def take_on(
        self,
        lanes: Mapping[int, Lane],
        campaigns: Mapping[int, Campaign],
        queues: Iterable[Queue],
    ) -> None:
        """Know these lanes, campaigns and queues from now on."""
        if campaigns is not self._campaigns:
            self._windows.clear()
        self._lanes = lanes
        self._campaigns = campaigns
        known, self._rows = self._rows, {}
        self._open, self._looks, self._closings = {}, [], []
        for queue in queues:
            if queue.campaign_id in campaigns:
                row = self._rows[queue] = known.get(queue) or _Row(queue)
                self._wait_for(row, row.due)

    def sources(self) -> list[int | Queue]:
        """List all that can have due work."""
        return [*self._lanes, *self._rows]

    def some_sources(self, lanes: int) -> list[int | Queue]:
        """List all queues and the next few lanes, so that all have their turn."""
        ids = list(self._lanes)
        start = self._turn if self._turn < len(ids) else 0
        self._turn = start + lanes
        return [*ids[start : self._turn], *self._rows]

    def learn(self, due: Mapping[int | Queue, datetime | None]) -> None:
        """Take over what the ledger said of the earliest due rows."""
        for source, due_at in due.items():
            at = due_at.timestamp() if due_at else inf
            if isinstance(source, Queue):
                if row := self._rows.get(source):
                    row.due = at
                    self._wait_for(row, at)
            elif source in self._lanes:
                self._set_lane(self._lanes[source], at)

    def expect(self, lane_id: int, due_at: datetime) -> None:
        """Note a row bound to a lane that will be due then, if that is sooner."""
        lane = self._lanes.get(lane_id)
        if lane is not None and due_at.timestamp() < lane.follow_due:
            self._set_lane(lane, due_at.timestamp())

    def _set_lane(self, lane: Lane, at: float) -> None:
        if at == lane.follow_due:
            return  # known, and in the heap once: polls say it again for days
        lane.follow_due = at
        self._followers.discard(lane.id)
        if at < inf:
            heapq.heappush(self._lane_heap, (at, lane.id))

    def followers(self, now: datetime) -> list[Lane]:
        """List the lanes with due bound rows, longest idle first."""
        at = now.timestamp()
        while self._lane_heap and self._lane_heap[0][0] <= at:
            due, lane_id = heapq.heappop(self._lane_heap)
            lane = self._lanes.get(lane_id)
            if lane is not None and lane.follow_due == due:
                self._followers.add(lane_id)
        lanes = [self._lanes[id] for id in self._followers if id in self._lanes]
        lanes.sort(key=lambda lane: lane.idle_since)
        return lanes

    def open_queue(self, campaign_id: int, now: datetime) -> Queue | None:
        """Find the campaign's queue that has waited longest and may be written to."""
        self._look_around(now)
        best = None
        for row in list(self._open.get(campaign_id, {}).values()):
            # What has just closed by a clock that was set is looked at again.
            if (best is None or row.due < best.due) and self._look_at(row, now):
                best = row
        return best.queue if best else None

    def window(self, campaign: Campaign, place: str, now: datetime) -> Hours | None:
        """Find when a campaign may write to people of a place; None = unknown zone."""
        queue = Queue(campaign.id, place)
        if queue not in self._windows:
            self._windows[queue] = _window(campaign.calendar, place, now)
        return self._windows[queue]

    def next_wait_s(self, now: datetime) -> float:
        """Tell the seconds until a due time or a window opens that is closed now."""
        self._look_around(now)
        at = now.timestamp()
        soonest = self._lane_heap[0][0] - at if self._lane_heap else inf
        looks = self._looks
        while looks and looks[0][2] != looks[0][3].ticket:
            heapq.heappop(looks)
        if looks:
            soonest = min(soonest, looks[0][0] - at)
        return max(soonest, 0.0)

    # --- queues ---------------------------------------------------------------------

    def _look_around(self, now: datetime) -> None:
        """Look at the queues whose rows are due, or whose window opens or closes."""
        at = now.timestamp()
        for heap in (self._closings, self._looks):
            while heap and heap[0][0] <= at:
                _, _, ticket, row = heapq.heappop(heap)
                if ticket == row.ticket:
                    self._look_at(row, now)

    def _look_at(self, row: _Row, now: datetime) -> bool:
        """Put a queue where it belongs; tell whether it is due and open.

        One of an unknown zone counts as open: its rows are claimed and then held.
        """
        queue, at = row.queue, now.timestamp()
        hours = self.window(self._campaigns[queue.campaign_id], queue.place, now)
        closed_s = 0.0 if hours is None else hours.wait_s(now)
        opens = max(row.due, at + closed_s if closed_s > 0 else at)
        if opens > at:
            self._wait_for(row, opens)
            return False
        of_campaign = self._open.setdefault(queue.campaign_id, {})
        if queue not in of_campaign:
            row.ticket += 1
            of_campaign[queue] = row
            if hours is not None:
                closes = hours.closes_at(now).timestamp()
                self._push(self._closings, closes, row)
        return True

    def _wait_for(self, row: _Row, at: float) -> None:
        """Look at a queue again then."""
        row.ticket += 1
        self._open.get(row.queue.campaign_id, {}).pop(row.queue, None)
        if at < inf:
            self._push(self._looks, at, row)

    def _push(
        self, heap: list[tuple[float, int, int, _Row]], at: float, row: _Row
    ) -> None:
        heapq.heappush(heap, (at, next(self._order), row.ticket, row))


def _window(calendar: Calendar, place: str, now: datetime) -> Hours | None:
    try:
        return hours_of(calendar, place, now)
    except UnknownZoneError:
        return None


def hours_of(calendar: Calendar, place: str, now: datetime) -> Hours:
    """Join a campaign's calendar with where a recipient is."""
    there = calendar_at(calendar, place)
    return Hours(lambda at: opening(at, there), lambda at: closing(at, there), now)
