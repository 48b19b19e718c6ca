"""The nouns of outreachd: the fleet, a claimed send, a reply, a verdict.

Frozen values only, no behaviour beyond reading them. Every room speaks in these
words (README, glossary). Ids are database keys. Durations carry their unit in the
name; instants are aware UTC datetimes; times of day are minutes since local midnight.
Time zones arrive here as tzinfo: they were opened where rows are read.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum

from msgspec import Struct

# --- the fleet ---------------------------------------------------------------


class Kind(StrEnum):
    """What a limit, a pause or a count can belong to; the fleet is only ever paused."""

    FLEET = "fleet"  # all of it: there is one, its id is 0 and its name ""
    CLIENT = "client"
    CAMPAIGN = "campaign"
    DOMAIN = "domain"
    MAILBOX = "mailbox"
    ACCOUNT = "account"


class Tls(StrEnum):
    """How a connection to an account is protected; none is for loopback only."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


class Auth(StrEnum):
    """What a login's secret is."""

    PASSWORD = "password"  # noqa: S105 - the word, not one
    XOAUTH2 = "xoauth2"  # an access token


class OnUncertain(StrEnum):
    """What a campaign does with a send that got no answer."""

    HOLD = "hold"
    RESEND = "resend"


class MailboxGone(StrEnum):
    """What a campaign does with follow-ups whose mailbox has left the fleet."""

    WAIT = "wait"
    STAND_IN = "stand_in"  # another mailbox of the same domain writes them
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """A daily limit that grows with days of real sending: start, end, length."""

    start: int  # letters a day on the first day
    end: int  # letters a day from day `days` on
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who the mail is for."""

    id: int
    name: str
    share: float  # weight in the fair share
    daily_limit: int | None
    postal_address: str
    contact_url: str | None
    timezone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Imap:
    """Where the mail of a mailbox is read, and which folders."""

    host: str
    port: int
    tls: Tls
    folders: tuple[str, ...]  # the first must exist


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A relay or provider account by which letters leave."""

    id: int
    name: str
    kind: str
    host: str
    port: int
    tls: Tls
    username: str | None
    rate_per_second: float
    daily_limit: int | None
    max_connections: int
    timezone: tzinfo
    auth: Auth = Auth.PASSWORD
    imap: Imap | None = None  # where its mailboxes are read; None = nowhere
    # Letters a minute by it to each receiver (rules/receivers); of none = no limit.
    receiver_rates: Mapping[str, int] = field(default_factory=dict, hash=False)


class DkimSign(StrEnum):
    """By which kinds of keys a domain's letters are signed here."""

    RSA = "rsa"
    ED25519 = "ed25519"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dkim:
    """That a domain's letters are signed here, and under which selector."""

    selector: str
    sign: DkimSign


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A sending domain."""

    id: int
    name: str
    account_ids: tuple[int, ...]  # in order of preference
    daily_limit: int
    rate_per_minute: float
    ramp: Ramp | None
    timezone: tzinfo
    dkim: Dkim | None = None  # None = not signed here
    bounces_at: str | None = None  # where its bounces come to; None = to the mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A sender address."""

    id: int
    address: str
    name: str
    domain_id: int
    daily_limit: int
    hourly_limit: int
    min_gap_s: float
    jitter: float  # share of the gap that chance may add, 0..n
    workday_start_min: int
    workday_end_min: int  # 1440 = midnight at the end of the day
    timezone: tzinfo
    ramp: Ramp | None
    signature: str
    username: str | None  # own login at the account; None = the account's
    auth: Auth = Auth.PASSWORD
    imap: Imap | None = None  # None = as its domain's accounts say


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """A mailbox that only receives: bounces and answers of many."""

    id: int
    name: str
    imap: Imap
    username: str
    auth: Auth


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a campaign may write: weekdays, hours, zone, holidays.

    What it leaves to the recipient, ``rules/places`` fills in for one place.
    """

    weekdays: frozenset[int]  # 0 = Monday
    start_min: int
    end_min: int
    timezone: tzinfo | None  # None = the recipient's
    holidays: Container[date] | None  # None = the recipient's country's
    unknown_timezone: tzinfo = UTC  # of a recipient whose zone nobody knows


class DelayUnit(StrEnum):
    """What a step's delay is counted in."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WORKDAYS = "workdays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One wording of a step; of several, each contact is drawn one."""

    name: str
    weight: float
    subject: str | None
    text: str
    html: str | None


class Attachment(Struct, frozen=True, kw_only=True):
    """A file that goes with a letter; its content is kept once, by its digest."""

    name: str
    content_type: str
    sha256: bytes
    size: int  # octets


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One letter of a sequence. No subject = same thread as the first step."""

    number: int  # 1 = first touch
    subject: str | None
    text: str
    html: str | None
    delay: int
    delay_unit: DelayUnit
    variants: tuple[Variant, ...] = ()  # empty = the step's own wording only
    attachments: tuple[Attachment, ...] = ()  # of every variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Contacts x sequence x pool x calendar, for one client and direction."""

    id: int
    name: str
    client_id: int
    direction: str
    share: float  # weight among the client's campaigns
    mailbox_ids: tuple[int, ...]  # the pool
    calendar: Calendar
    on_uncertain: OnUncertain
    useful_for_s: float | None  # a send this late after its due time expires
    steps: tuple[Step, ...]
    stop_company: bool = False
    first_touch_share: float = 0.0
    mailbox_gone: MailboxGone = MailboxGone.WAIT
    confirmation: Step | None = (
        None  # step 0: asks for a yes before the sequence begins
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A stop a person or a rule ordered, with its reason and its end."""

    kind: Kind
    target_id: int
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The whole fleet as it was applied, by id; retired things are left out."""

    clients: Mapping[int, Client]
    accounts: Mapping[int, Account]
    domains: Mapping[int, Domain]
    mailboxes: Mapping[int, Mailbox]
    campaigns: Mapping[int, Campaign]
    inboxes: Mapping[int, Inbox] = field(default_factory=dict)


# --- one send ----------------------------------------------------------------


class State(StrEnum):
    """Where a send stands; the schema holds the same words."""

    SCHEDULED = "scheduled"
    LEASED = "leased"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    HELD = "held"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Claim(Struct, frozen=True, kw_only=True):
    """A send taken from the ledger, with all that one attempt needs.

    ``mailbox_id`` is set once a mailbox is bound: by an earlier attempt or, for a
    follow-up, by the first touch. ``message_id``, ``dated_at`` and ``letter_sha256``
    are set by the first intent and never change after it.
    """

    send_id: int
    campaign_id: int
    step_number: int
    enrolment_id: int
    contact_id: int
    email: str
    variables: bytes  # JSON object of strings
    place: str  # where the recipient is, "" = unknown: rules/places
    mailbox_id: int | None
    due_at: datetime
    first_due_at: datetime  # staleness counts from here
    attempts: int
    message_id: str | None
    dated_at: datetime | None
    letter_sha256: bytes | None
    thread: str | None  # Message-ID of the first touch
    thread_subject: str | None
    language: str = ""  # the contact's, "" = unknown
    country: str = ""  # the same, ISO 3166
    variant: str | None = None  # the wording an earlier intent drew
    content_id: int | None = None  # set = a one-off letter, of no sequence


class Envelope(Struct, frozen=True):
    """Who the letter is from and to, as SMTP says it: checked ASCII addresses."""

    sender: str
    recipient: str
    id: str = ""  # what a bounce shall name it by (ENVID); a token, or nothing


class Route(Struct, frozen=True, kw_only=True):
    """The way out: an account, and the login of a mailbox where it has its own."""

    account: Account
    mailbox_id: int | None  # set = this mailbox's own login
    username: str | None


class Phase(StrEnum):
    """How far the dialogue with a server had come when it answered."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Reply(Struct, frozen=True):
    """What a server answered; code 0 = nothing (lost, late or unreadable).

    ``text`` is cleaned: valid Unicode, no controls, at most 512 characters.
    """

    phase: Phase
    code: int
    text: str


class Scope(StrEnum):
    """Whom a failure is about: this decides whom to pause."""

    RECIPIENT = "recipient"
    MESSAGE = "message"
    MAILBOX = "mailbox"
    DOMAIN = "domain"
    ACCOUNT = "account"
    CONNECTION = "connection"


class Permanence(StrEnum):
    """Whether to try again. unknown = the server may hold the letter."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


class Verdict(Struct, frozen=True):
    """What we make of a reply. ``reason`` is one of the words of rules/reply."""

    scope: Scope
    permanence: Permanence
    reason: str
