"""What is known of due work: when each lane's and each queue's earliest row is due.

Knowledge, not work: learnt by asking the ledger at start, after a claim that came
back short, on a hint and now and then. So no claim is made of what cannot go, and
nothing that is not due is asked for. Instants are wall seconds (POSIX); inf = nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import inf

from outreachd.flow.places import Lane
from outreachd.rules.calendar import UnknownZoneError, closing, opening
from outreachd.rules.meter import Hours
from outreachd.rules.model import Calendar, Campaign
from outreachd.rules.places import calendar_at
from outreachd.rules.records import Queue


class Agenda:
    """Due times by source, and the windows of the queues."""

    def __init__(self) -> None:
        self._lanes: Mapping[int, Lane] = {}
        self._campaigns: Mapping[int, Campaign] = {}
        self._lane_heap: list[tuple[float, int]] = []
        self._followers: set[int] = set()
        self._queue_due: dict[Queue, float] = {}
        self._queues_of: dict[int, list[Queue]] = {}
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
        known, self._queue_due, self._queues_of = self._queue_due, {}, {}
        for queue in queues:
            if queue.campaign_id in campaigns:
                self._queue_due[queue] = known.get(queue, inf)
                self._queues_of.setdefault(queue.campaign_id, []).append(queue)

    def sources(self) -> list[int | Queue]:
        """List all that can have due work."""
        return [*self._lanes, *self._queue_due]

    def some_sources(self, lanes: int) -> list[int | Queue]:
        """List all queues and the next few lanes, so that all have their turn."""
        ids = list(self._lanes)
        start = self._turn if self._turn < len(ids) else 0
        self._turn = start + lanes
        return [*ids[start : self._turn], *self._queue_due]

    def learn(self, due: Mapping[int | Queue, datetime | None]) -> None:
        """Take over what the ledger said of the earliest due rows."""
        for source, due_at in due.items():
            at = due_at.timestamp() if due_at else inf
            if isinstance(source, Queue):
                if source in self._queue_due:
                    self._queue_due[source] = at
            elif source in self._lanes:
                self._set_lane(self._lanes[source], at)

    def expect(self, lane_id: int, due_at: datetime) -> None:
        """Note a row bound to a lane that will be due then, if that is sooner."""
        lane = self._lanes.get(lane_id)
        if lane is not None and due_at.timestamp() < lane.follow_due:
            self._set_lane(lane, due_at.timestamp())

    def _set_lane(self, lane: Lane, at: float) -> None:
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
        best, best_due = None, now.timestamp()
        for queue in self._queues_of.get(campaign_id, ()):
            due = self._queue_due[queue]
            if due <= best_due and self._closed_s(queue, now) <= 0:
                best, best_due = queue, due
        return best

    def window(self, campaign: Campaign, place: str, now: datetime) -> Hours | None:
        """Find when a campaign may write to people of a place; None = unknown zone."""
        queue = Queue(campaign.id, place)
        if queue not in self._windows:
            self._windows[queue] = _window(campaign.calendar, place, now)
        return self._windows[queue]

    def _closed_s(self, queue: Queue, now: datetime) -> float:
        """Tell the seconds until a queue's window opens.

        One of an unknown zone counts as open: its rows are claimed and then held.
        """
        hours = self.window(self._campaigns[queue.campaign_id], queue.place, now)
        return 0.0 if hours is None else hours.wait_s(now)

    def next_wait_s(self, now: datetime) -> float:
        """Tell the seconds until a due time or a window opens that is closed now."""
        at = now.timestamp()
        soonest = self._lane_heap[0][0] - at if self._lane_heap else inf
        for queue, due in self._queue_due.items():
            if due < inf:
                wait_s = max(due - at, self._closed_s(queue, now))
                if 0 < wait_s < soonest:
                    soonest = wait_s
        return max(soonest, 0.0)


def _window(calendar: Calendar, place: str, now: datetime) -> Hours | None:
    try:
        return hours_of(calendar, place, now)
    except UnknownZoneError:
        return None


def hours_of(calendar: Calendar, place: str, now: datetime) -> Hours:
    """Join a campaign's calendar with where a recipient is."""
    there = calendar_at(calendar, place)
    return Hours(lambda at: opening(at, there), lambda at: closing(at, there), now)
