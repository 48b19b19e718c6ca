"""The stock: a ledger in memory, for a forecast.

What waits is kept as piles of rows that are alike, each with its number, so that a
million sends take a few thousand entries; a claim makes as many rows of them as are
wanted. Told apart by source, as in the database: first touches by queue, all others
by the mailbox they are bound to. Nothing is lost and no call fails.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from outreachd.rules.calendar import UnknownZoneError, opening
from outreachd.rules.model import Claim, Roster, State
from outreachd.rules.outlook import Blocked, Outlook, Waiting
from outreachd.rules.places import calendar_at
from outreachd.rules.records import (
    GiveBack,
    Intent,
    IntentAnswer,
    Outcome,
    Queue,
    Want,
)

Source = int | Queue  # a mailbox's id, or a queue
Counts = dict[tuple[int, str], int]  # by campaign and the recipients' place
# When due (POSIX seconds), order of arrival, how many, the like, and before which gate
# they have a place in the line.
Pile = tuple[float, int, int, Waiting, Blocked | None]


class Stock:
    """What waits, kept as piles of rows that are alike: the ledger of a forecast."""

    def __init__(self, roster: Roster, outlook: Outlook) -> None:
        self._roster = roster
        self._outlook = outlook
        self._order = itertools.count()
        self._ids = itertools.count(1)
        self._piles: dict[Source, list[Pile]] = {}
        self._leased: dict[int, Waiting] = {}
        self._lined_up: set[Source] = set()  # where some have a place in a line

    def add(self, pile: Waiting, now: datetime) -> None:
        """Put rows in; they count as due when their campaign's window opens.

        What the daemon would only hold is left out: of a campaign that is not in the
        fleet any more, or of a time zone that nobody knows any more.
        """
        campaign = self._roster.campaigns.get(pile.campaign_id)
        if campaign is None:
            return
        try:
            calendar = calendar_at(campaign.calendar, pile.place)
        except UnknownZoneError:
            return
        ready_at = max(pile.due_at, now)
        due_at = opening(ready_at, calendar)
        self._outlook.closures.note(
            campaign.id, calendar, due=ready_at, opens=due_at, n=pile.n
        )
        self._outlook.came_due(campaign.id, due_at, pile.n)
        self._push(pile, pile.due_at, pile.n)

    def _push(
        self, like: Waiting, due_at: datetime, n: int, before: Blocked | None = None
    ) -> None:
        entry = (due_at.timestamp(), next(self._order), n, like, before)
        heapq.heappush(self._piles.setdefault(_source(like), []), entry)

    def due(self, now: datetime) -> Mapping[Source, Counts]:
        """Count what is due and waits, by source and campaign."""
        at = now.timestamp()
        found: dict[Source, Counts] = {}
        for source, piles in self._piles.items():
            if piles and piles[0][0] <= at:
                counts = found[source] = {}
                for due, _, n, like, _ in piles:
                    if due <= at:
                        key = (like.campaign_id, like.place)
                        counts[key] = counts.get(key, 0) + n
        return found

    # --- lines ------------------------------------------------------------------------

    def take_alike(self, send_id: int, most: int, now: datetime) -> tuple[Waiting, int]:
        """Take a claimed row, and rows like it that would be claimed next."""
        like, at, taken = self._leased.pop(send_id), now.timestamp(), 1
        piles = self._piles[_source(like)]
        while taken < most and piles and piles[0][0] <= at and piles[0][3] is like:
            taken += _take(piles, most - taken)[1]
        return like, taken

    def line_up(
        self, like: Waiting, places: Mapping[datetime, int], before: Blocked
    ) -> None:
        """Let so many rows come again at each of these moments."""
        self._lined_up.add(_source(like))
        for due_at, n in places.items():
            self._push(like, due_at, n, before)

    def lined_up(self, now: datetime) -> Iterator[tuple[Waiting, Blocked, int]]:
        """Tell what waits for its place in a line, and before which gate."""
        at = now.timestamp()
        for source in self._lined_up:
            for due, _, n, like, before in self._piles[source]:
                if before is not None and due > at:
                    yield like, before, n

    # --- the ledger as the flow sees it -----------------------------------------------

    async def claim(
        self, wants: Sequence[Want], *, term: int, now: datetime
    ) -> list[tuple[Source, Claim]]:
        """Take due rows from the piles."""
        at = now.timestamp()
        claims: list[tuple[Source, Claim]] = []
        for want in wants:
            left = want.count
            piles = self._piles.get(want.source, [])
            while left and piles and piles[0][0] <= at:
                like, taken = _take(piles, left)
                left -= taken
                claims += [(want.source, self._lease(like)) for _ in range(taken)]
        return claims

    def _lease(self, like: Waiting) -> Claim:
        send_id = next(self._ids)
        self._leased[send_id] = like
        return Claim(
            send_id=send_id,
            campaign_id=like.campaign_id,
            step_number=like.step_number,
            enrolment_id=send_id,
            contact_id=send_id,
            email=f"@{like.receiver}" if like.receiver else "",
            variables=b"{}",
            place=like.place,
            mailbox_id=like.mailbox_id,
            due_at=like.due_at,
            first_due_at=like.due_at,
            attempts=0,
            message_id=None,
            dated_at=None,
            letter_sha256=None,
            thread=None,
            thread_subject=None,
        )

    async def next_due(
        self, sources: Sequence[Source]
    ) -> Mapping[Source, datetime | None]:
        """Tell when each source's earliest row is due."""
        found: dict[Source, datetime | None] = {}
        for source in sources:
            piles = self._piles.get(source)
            found[source] = _instant(piles)
        return found

    async def give_back(
        self, rows: Sequence[GiveBack], *, term: int, now: datetime
    ) -> None:
        """Put rows back with their new due time; count those that ended."""
        for row in rows:
            like = self._leased.pop(row.send_id)
            if row.state is State.SCHEDULED and row.due_at is not None:
                self._push(like, row.due_at, 1)
            else:
                self._outlook.ended(like.campaign_id, now)

    async def give_back_strays(
        self, send_ids: Sequence[int], *, term: int, now: datetime
    ) -> int:
        """Find none: nothing is ever lost in memory."""
        return 0

    async def queues(self) -> Sequence[Queue]:
        """List the first-touch queues."""
        return [source for source in self._piles if isinstance(source, Queue)]

    async def begin(
        self, intents: Sequence[Intent], *, term: int
    ) -> list[IntentAnswer]:
        """Grant all; the journeys of a forecast do not ask."""
        return [IntentAnswer.GRANTED] * len(intents)

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Take note of nothing: what was sent is told to the outlook."""


def _source(like: Waiting) -> Source:
    if like.mailbox_id is None:
        return Queue(like.campaign_id, like.place)
    return like.mailbox_id


def _take(piles: list[Pile], most: int) -> tuple[Waiting, int]:
    """Take what is due first, of the same pile; tell how many that are."""
    due, order, n, like, before = piles[0]
    if n > most:
        # The same place in the heap: nothing is due between the two.
        piles[0] = (due, order, n - most, like, before)
        return like, most
    heapq.heappop(piles)
    return like, n


def _instant(piles: Sequence[Pile] | None) -> datetime | None:
    return datetime.fromtimestamp(piles[0][0], UTC) if piles else None
