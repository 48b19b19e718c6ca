"""What the flow needs from outside, as small interfaces; store and wire fit by shape.

Everything here is awaited by ``flow`` and faked in its tests. Values go in and out
in the words of ``rules/model`` and ``rules/records``; no database or SMTP name
appears above this line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from outreachd.rules.model import Claim, Envelope, Reply, Route
from outreachd.rules.records import (
    GiveBack,
    Intent,
    IntentAnswer,
    OneOff,
    Outcome,
    Queue,
    Want,
)


class Ledger(Protocol):
    """The database as the flow sees it. All but the reads may raise LedgerAwayError."""

    async def claim(
        self, wants: Sequence[Want], *, term: int, now: datetime
    ) -> list[tuple[int | Queue, Claim]]:
        """Lease due rows, oldest due first, at most ``count`` for each want."""

    async def next_due(
        self, sources: Sequence[int | Queue]
    ) -> Mapping[int | Queue, datetime | None]:
        """Tell when each source's earliest scheduled row is due; None = none."""

    async def give_back(
        self, rows: Sequence[GiveBack], *, term: int, now: datetime
    ) -> None:
        """Return leased rows without counting an attempt."""

    async def give_back_strays(
        self, send_ids: Sequence[int], *, term: int, now: datetime
    ) -> int:
        """Return rows this term has leased that nobody works on; tell how many."""

    async def queues(self) -> Sequence[Queue]:
        """List the first-touch queues that exist."""

    async def begin(
        self, intents: Sequence[Intent], *, term: int
    ) -> list[IntentAnswer]:
        """Write intents in one transaction: state, attempt, usage, all gates checked.

        Raises LeaseLostError if the term is not the fleet's current one.
        """

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes; one already settled is left as it is."""


class Contents(Protocol):
    """What few letters need; both may raise LedgerAwayError."""

    async def one_off(self, id: int) -> OneOff | None:
        """Read a one-off letter."""

    async def attachments(self, digests: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Read what is in files, by their digests; what is not kept is left out."""


class Session(Protocol):
    """One open SMTP transaction: MAIL and RCPT accepted, DATA not yet said."""

    async def deliver(self, message: bytes) -> Reply:
        """Send DATA, the letter, the final dot; tell the last reply. Never raises."""

    def abandon(self) -> None:
        """Close the connection without DATA: the server must forget the letter."""


class Carrier(Protocol):
    """The way to the accounts."""

    async def open(
        self, route: Route, envelope: Envelope, size: int
    ) -> Session | Reply:
        """Connect or reuse, say MAIL and RCPT; a Reply means refused or unreachable.

        Never raises for what a server or the network does.
        """
