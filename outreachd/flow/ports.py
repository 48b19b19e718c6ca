"""What the flow needs from outside, as small interfaces; store and wire fit by shape.

Everything here is awaited by ``flow`` and faked in its tests. Values go in and out
in the words of ``rules/model`` and ``rules/records``; no database or SMTP name
appears above this line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

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
from outreachd.rules.sources import Key, Mark, Source


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

    async def deliver(self, message: bytes, may_go: Callable[[], bool]) -> Reply:
        """Send DATA, the letter, the final dot; tell the last reply. Never raises.

        ``may_go`` is asked when the server wants the letter: who was frozen meanwhile
        may own the fleet no more, and breaks off.
        """

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


# --- what comes back ------------------------------------------------------------------


class Look(Protocol):
    """What is new in a folder."""

    @property
    def validity(self) -> int:
        """Tell UIDVALIDITY."""

    @property
    def uids(self) -> list[int]:
        """List what is new, in order."""

    @property
    def rest(self) -> Mark:
        """Tell where the bookmark goes when nothing is."""


class Visit(Protocol):
    """An open connection to a mailbox; all but cut may raise MailboxAwayError."""

    @property
    def can_wait(self) -> bool:
        """Tell whether the server tells of new mail by itself."""

    async def look(self, folder: str, mark: Mark | None, since: date) -> Look | None:
        """List what is new in a folder; None = there is no such folder."""

    async def fetch(self, uid: int) -> bytes | None:
        """Read a mail; None = it is gone."""

    async def wait_for_mail(self, limit_s: float) -> bool:
        """Wait until something is new."""

    async def leave(self) -> None:
        """Part."""

    def cut(self) -> None:
        """Close the connection at once."""


class Post(Protocol):
    """The way to the mailboxes."""

    async def visit(self, source: Source, secret: str) -> Visit:
        """Connect and sign in; raises MailboxAwayError."""


class Marks(Protocol):
    """The database as the reader sees it; all may raise LedgerAwayError."""

    async def marks(self, key: Key) -> dict[str, Mark]:
        """Read the bookmarks of one mailbox, by folder."""

    async def put_mark(self, key: Key, folder: str, mark: Mark) -> None:
        """Move a bookmark."""

    async def expect(self, keys: Collection[Key], deaf_at: datetime) -> None:
        """Expect to hear these, and no others."""

    async def heard(self, key: Key, now: datetime, deaf_at: datetime) -> None:
        """Note that a mailbox was read."""

    async def unheard(self, key: Key, fault: str) -> None:
        """Note why a mailbox could not be read."""

    async def deaf(self, now: datetime) -> Sequence[Mapping[str, Any]]:
        """List those that have not been read for too long."""


class HandedIn(Protocol):
    """Mails that were handed in by pipe; both may raise LedgerAwayError."""

    async def handed_in(self, at_most: int) -> Sequence[tuple[int, bytes]]:
        """Read the oldest mails that wait."""

    async def drop_handed_in(self, id: int) -> None:
        """Forget a mail that was acted on."""


class Spool(Protocol):
    """A directory where mails are laid; blocks, and raises OSError."""

    def waiting(self, at_most: int) -> Sequence[str]:
        """Name mails that wait, the oldest first."""

    def read(self, name: str) -> bytes | None:
        """Read one; None = it is no mail."""

    def put_away(self, name: str) -> None:
        """Move one out of the way: it was acted on."""
