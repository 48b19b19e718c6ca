"""The fleet in words, wanted or present: the same from a file or from the database.

Frozen values only. Things are named and not numbered, zones and calendars stand as
they were written, and limits count letters; durations carry their unit in the name.
Passwords take part in a comparison and never in a repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from outreachd.rules.hygiene import USUAL, Policy
from outreachd.rules.model import (
    Attachment,
    Auth,
    DelayUnit,
    Dkim,
    Imap,
    Kind,
    MailboxGone,
    OnUncertain,
    Ramp,
    Tls,
    Variant,
)
from outreachd.rules.wording import Wording

# Stands for a stored password that no longer opens: it differs from every other.
UNREADABLE = ""
# Half a year without an answer: a contact is asked again or left alone.
SILENT_AFTER_S = 183 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedClient:
    """A client as written."""

    name: str
    share: float
    daily_limit: int | None
    postal_address: str
    contact_url: str | None
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAccount:
    """An account as written, with its password."""

    name: str
    kind: str
    host: str
    port: int
    tls: Tls
    username: str | None
    rate_per_second: float
    daily_limit: int | None
    max_connections: int
    timezone: str
    auth: Auth = Auth.PASSWORD
    password: str | None = field(default=None, repr=False)
    imap: Imap | None = None
    receiver_rates: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDomain:
    """A sending domain as written."""

    name: str
    accounts: tuple[str, ...]  # in order of preference
    daily_limit: int
    rate_per_minute: float
    warmup: Ramp | None
    timezone: str
    dkim: Dkim | None = None
    bounces_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMailbox:
    """A mailbox as written; its domain is the one of its address."""

    address: str
    name: str
    daily_limit: int
    hourly_limit: int
    min_gap_s: float
    jitter: float
    workday_start_min: int
    workday_end_min: int
    timezone: str
    warmup: Ramp | None
    signature: str
    tags: tuple[str, ...]
    username: str | None
    auth: Auth = Auth.PASSWORD
    password: str | None = field(default=None, repr=False)
    imap: Imap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedInbox:
    """A mailbox that only receives, as written, with its password."""

    name: str
    imap: Imap
    username: str
    auth: Auth
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Which mailboxes a campaign may use: those that match any of these."""

    tags: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCalendar:
    """A calendar in the words of the fleet file; "" = no holidays."""

    days: str
    hours: str
    timezone: str  # a name, or "recipient"
    holidays: str  # an area such as "DE-BY", or "recipient"
    unknown_timezone: str = ""  # of recipients without one; "" = the client's


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedStep:
    """One letter of a sequence, its files already read."""

    subject: str | None
    text: str
    html: str | None
    delay: int
    delay_unit: DelayUnit
    variants: tuple[Variant, ...] = ()  # whole: what they left out is the step's
    attachments: tuple[Attachment, ...] = ()
    # What is in them, in the same order; empty when read from the database.
    contents: tuple[bytes, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCampaign:
    """A campaign as written, with the mailboxes that its pool matches."""

    name: str
    client: str
    direction: str
    share: float
    pool: Pool
    calendar: WrittenCalendar
    on_uncertain: OnUncertain
    useful_for_s: float | None
    mailboxes: frozenset[str]
    steps: tuple[WantedStep, ...]
    stop_company: bool = False
    first_touch_share: float = 0.0
    mailbox_gone: MailboxGone = MailboxGone.WAIT
    hygiene: Policy = USUAL
    silent_after_s: float = SILENT_AFTER_S
    grounds: tuple[str, ...] | None = None  # of consent; None = any that is stated
    confirmation: Wording | None = None  # the letter of a double opt-in


Thing: TypeAlias = (
    WantedClient
    | WantedAccount
    | WantedDomain
    | WantedMailbox
    | WantedCampaign
    | WantedInbox
)


class Ear(StrEnum):
    """What is in a fleet and sends nothing: no limit and no pause can belong to it."""

    INBOX = "inbox"


@dataclass(frozen=True, slots=True)
class Fleet:
    """All things by kind and name (a mailbox by its address)."""

    things: Mapping[Kind, Mapping[str, Thing]]
    retired: frozenset[tuple[Kind | Ear, str]] = frozenset()
    inboxes: Mapping[str, WantedInbox] = field(default_factory=dict)

    def of(self, kind: Kind | Ear) -> Mapping[str, Thing]:
        """Tell all of a kind, by name."""
        return self.inboxes if isinstance(kind, Ear) else self.things[kind]
