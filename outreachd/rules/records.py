"""What the flow and the ledger hand each other: wants, intents, outcomes, returns.

Frozen values in the words of ``rules/model``; ``store`` fills and reads them, ``flow``
decides with them. Expected failures are values. Two errors stand for a lost
neighbour: the database away, or the lease on the fleet gone. What is made for every
letter is a msgspec Struct: made and written as JSON in a tenth of a dataclass's time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from outreachd.rules.model import Attachment, Kind, State


class LedgerAwayError(Exception):
    """The database cannot be reached or cannot write; nothing is known to be done."""


class LeaseLostError(Exception):
    """Another daemon owns the fleet now: nothing more may be sent by this one."""


# --- asking for work ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """First touches of one campaign to recipients of one place ("" = unknown)."""

    campaign_id: int
    place: str


@dataclass(frozen=True, slots=True)
class Want:
    """How many due rows are wanted of one lane (follow-ups) or one queue."""

    source: int | Queue  # mailbox id, or queue
    count: int


class GiveBack(Struct, frozen=True, kw_only=True):
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


# --- the recent past, for a daemon that begins ---------------------------------


@dataclass(frozen=True, slots=True)
class Recent:
    """One attempt of the last hour."""

    mailbox_id: int
    account_id: int
    at: datetime  # its end, or its start while nobody knows the end


@dataclass(frozen=True, slots=True)
class Facts:
    """Use by thing and local day, days of the ramp before today, the last hour."""

    used: Mapping[tuple[Kind, int, date], int] = field(default_factory=dict)
    days_sent: Mapping[tuple[Kind, int], int] = field(default_factory=dict)
    recent: Sequence[Recent] = ()
    # Part of the day's allowance that health leaves to who is not well.
    shares: Mapping[tuple[Kind, int], float] = field(default_factory=dict)


# --- letters outside a sequence ------------------------------------------------


class OneOff(Struct, frozen=True, kw_only=True):
    """A letter that somebody ordered for one contact: ready templates and values."""

    subject: str
    text: str
    html: str | None
    variables: dict[str, str]  # go before the contact's
    attachments: tuple[Attachment, ...] = ()


# --- intents and outcomes ----------------------------------------------------


class Charge(Struct, frozen=True):
    """One daily count that an intent adds to: on which local day, under which cap."""

    day: date
    cap: int


class Intent(Struct, frozen=True, kw_only=True):
    """The durable word "we are about to hand this over", written before DATA."""

    send_id: int
    attempt_id: UUID
    mailbox_id: int
    account_id: int
    domain_id: int
    client_id: int
    campaign_id: int
    at: datetime
    message_id: str
    dated_at: datetime
    letter_sha256: bytes
    charges: tuple[Charge, Charge, Charge, Charge]  # mailbox, domain, account, client
    variant: str | None = None  # the wording drawn, where the step has several


class IntentAnswer(StrEnum):
    """What the ledger said to an intent; anything but granted means: do not send."""

    GRANTED = "granted"
    PAUSED = "paused"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"  # on no ground that the campaign accepts
    CAPPED = "capped"
    GONE = "gone"  # no longer ours: cancelled, edited, taken over


class NextStep(Struct, frozen=True, kw_only=True):
    """The follow-up that a delivered letter sets off, and the thread it goes on."""

    step_number: int
    due_at: datetime
    thread: str  # Message-ID that opened the thread
    thread_subject: str


class Outcome(Struct, frozen=True, kw_only=True):
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


# --- what comes back -----------------------------------------------------------------


class Received(Struct, frozen=True, kw_only=True):
    """A mail that came to one of our mailboxes, or was handed in."""

    raw: bytes
    source: str  # imap, pipe or maildir
    mailbox_id: int | None  # whose mailbox; None = a catch-all, or handed in
    at: datetime  # when it was read
