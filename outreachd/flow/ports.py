"""What the flow needs from outside, as small interfaces; store and wire fit by shape.

Everything here is awaited by ``flow`` and faked in its tests. Values go in and out
in the words of ``rules/model``; no database or SMTP name appears above this line.
Expected failures are values. ``LedgerAwayError`` is the one lost neighbour: the
database cannot be reached, nothing was decided, ask again later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from outreachd.rules.model import (
    Claim,
    Envelope,
    Kind,
    Reply,
    Route,
    State,
)


class LedgerAwayError(Exception):
    """The database cannot be reached or cannot write; nothing is known to be done."""


class LeaseLostError(Exception):
    """Another daemon owns the fleet now: nothing more may be sent by this one."""


# --- asking for work ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """First touches of one campaign to recipients of one time zone ("" = none)."""

    campaign_id: int
    zone: str


@dataclass(frozen=True, slots=True)
class Want:
    """How many due rows are wanted of one lane (follow-ups) or one queue."""

    source: int | Queue  # mailbox id, or queue
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """A claimed row for which no intent was written: nothing was handed over.

    ``state`` is scheduled (with ``due_at``), held, expired, suppressed or failed.
    ``reason`` is one word that metrics may carry; ``detail`` is for people. ``tried``
    = a server or the network refused it: the attempt counts, and ``mailbox_id`` stays
    bound, since a greylisting server wants to see the same sender again.
    """

    send_id: int
    state: State
    due_at: datetime | None
    reason: str
    detail: str = ""
    tried: bool = False
    mailbox_id: int | None = None
    suppress: bool = False  # the address does not exist: never again


# --- intents and outcomes ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Charge:
    """One daily count that an intent adds to: whose, on which local day, its cap."""

    kind: Kind
    target_id: int
    day: date
    cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The durable word "we are about to hand this over", written before DATA."""

    send_id: int
    attempt_id: UUID
    mailbox_id: int
    account_id: int
    domain_id: int
    client_id: int
    campaign_id: int
    contact_id: int
    at: datetime
    message_id: str
    dated_at: datetime
    letter_sha256: bytes
    charges: tuple[Charge, ...]


class IntentAnswer(StrEnum):
    """What the ledger said to an intent; anything but granted means: do not send."""

    GRANTED = "granted"
    PAUSED = "paused"
    SUPPRESSED = "suppressed"
    CAPPED = "capped"
    GONE = "gone"  # no longer ours: cancelled, edited, taken over


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The follow-up that a delivered letter sets off."""

    step_number: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an attempt; written once, by compare-and-set on its id."""

    send_id: int
    attempt_id: UUID
    state: State  # sent, failed, uncertain, held, or scheduled again
    at: datetime
    due_at: datetime | None  # when scheduled again
    phase: str
    code: int
    text: str
    reason: str
    suppress: bool  # the address does not exist: never again
    next_step: NextStep | None


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

    async def give_back(self, rows: Sequence[GiveBack], *, term: int) -> None:
        """Return leased rows without counting an attempt."""

    async def begin(
        self, intents: Sequence[Intent], *, term: int
    ) -> list[IntentAnswer]:
        """Write intents in one transaction: state, attempt, usage, all gates checked.

        Raises LeaseLostError if the term is not the fleet's current one.
        """

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes; one already settled is left as it is."""


# --- handing over ------------------------------------------------------------


class Session(Protocol):
    """One open SMTP transaction: MAIL and RCPT accepted, DATA not yet said."""

    async def deliver(self, message: bytes) -> Reply:
        """Send DATA, the letter and the final dot; tell the last reply. Never raises."""

    def abandon(self) -> None:
        """Close the connection without DATA: the server must forget the letter."""


class Carrier(Protocol):
    """The way to the accounts."""

    async def open(self, route: Route, envelope: Envelope, size: int) -> Session | Reply:
        """Connect or reuse, say MAIL and RCPT; a Reply means refused or unreachable.

        Never raises for what a server or the network does.
        """
