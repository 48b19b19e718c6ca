"""The stock: a ledger in memory, for a forecast.

What waits is kept as piles of rows that are alike, each with its number, so that a
million sends take a few thousand entries; a claim makes as many rows of them as are
wanted. Told apart by source, as in the database: first touches by queue, all others
by the mailbox they are bound to. Nothing is lost and no call fails.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from outreachd.rules.calendar import UnknownZoneError, opening
from outreachd.rules.model import Claim, Roster, State
from outreachd.rules.outlook import Outlook, Waiting
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


class Stock:
    """What waits, kept as piles of rows that are alike: the ledger of a forecast."""

    def __init__(self, roster: Roster, outlook: Outlook) -> None:
        self._roster = roster
        self._outlook = outlook
        self._order = itertools.count()
        self._ids = itertools.count(1)
        # By source: when due (POSIX seconds), order of arrival, how many, the like.
        self._piles: dict[Source, list[tuple[float, int, int, Waiting]]] = {}
        self._leased: dict[int, Waiting] = {}

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

    def _push(self, like: Waiting, due_at: datetime, n: int) -> None:
        source: Source = (
            Queue(like.campaign_id, like.place)
            if like.mailbox_id is None
            else like.mailbox_id
        )
        entry = (due_at.timestamp(), next(self._order), n, like)
        heapq.heappush(self._piles.setdefault(source, []), entry)

    def due(self, now: datetime) -> Mapping[Source, Counts]:
        """Count what is due and waits, by source and campaign."""
        at = now.timestamp()
        found: dict[Source, Counts] = {}
        for source, piles in self._piles.items():
            if piles and piles[0][0] <= at:
                counts = found[source] = {}
                for due, _, n, like in piles:
                    if due <= at:
                        key = (like.campaign_id, like.place)
                        counts[key] = counts.get(key, 0) + n
        return found

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
                due, order, n, like = heapq.heappop(piles)
                taken = min(n, left)
                left -= taken
                if n > taken:
                    heapq.heappush(piles, (due, order, n - taken, like))
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
            email="",
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


def _instant(
    piles: Sequence[tuple[float, int, int, Waiting]] | None,
) -> datetime | None:
    return datetime.fromtimestamp(piles[0][0], UTC) if piles else None
