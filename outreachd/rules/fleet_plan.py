"""The wanted fleet, and what must change for the present one to become it.

``Fleet`` holds the fleet in words, the same whether it was read from a file or from
the database: things are named, zones and calendars stand as written. ``plan`` compares
two fleets and lists the changes, in an order in which they may be applied. A thing that
vanished is retired; one that was retired and returns is revived under its old id.
Passwords take part in the comparison and never in a repr or a line of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
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


class Sign(StrEnum):
    """What happens to a thing."""

    ADD = "+"
    CHANGE = "~"
    RETIRE = "-"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan. ``fields`` = name, old and new, both in words."""

    sign: Sign
    kind: Kind | Ear
    name: str
    returns: bool = False  # it was retired
    fields: tuple[tuple[str, str, str], ...] = ()

    def touches(self, name: str) -> bool:
        """Tell whether a field must be written."""
        return self.sign is Sign.ADD or any(part[0] == name for part in self.fields)

    def __str__(self) -> str:
        line = f"{self.sign} {self.kind} {self.name}"
        if self.returns:
            line += " (returns)"
        return line + "".join(
            f"\n    {n}: {old} -> {new}" for n, old, new in self.fields
        )


# What refers to others comes after them, and is retired before them.
ORDER = (Kind.CLIENT, Kind.ACCOUNT, Kind.DOMAIN, Kind.MAILBOX, Kind.CAMPAIGN)


def plan(wanted: Fleet, present: Fleet) -> list[Change]:
    """List what must change; an empty list means nothing to do."""
    kinds = (*ORDER, Ear.INBOX)
    changes = [c for kind in kinds for c in _additions(kind, wanted, present)]
    for kind in reversed(kinds):
        gone = present.of(kind).keys() - wanted.of(kind).keys()
        changes += [Change(Sign.RETIRE, kind, name) for name in sorted(gone)]
    return changes


def _additions(kind: Kind | Ear, wanted: Fleet, present: Fleet) -> Iterator[Change]:
    for name, thing in wanted.of(kind).items():
        old = present.of(kind).get(name)
        if old is None:
            returns = (kind, name) in present.retired
            yield Change(Sign.ADD, kind, name, returns)
        elif old != thing:
            yield Change(
                Sign.CHANGE, kind, name, fields=tuple(_differences(old, thing))
            )


def _differences(old: Thing, new: Thing) -> Iterator[tuple[str, str, str]]:
    for part in fields(new):
        before, after = getattr(old, part.name), getattr(new, part.name)
        if before == after:
            continue
        if part.name == "password":
            yield part.name, _presence(before), _presence(after, "a new one")
        elif part.name == "mailboxes":
            yield part.name, f"{len(before)}", _crowd(before, after)
        elif part.name == "steps":
            yield part.name, f"{len(before)}", _sequence(before, after)
        else:
            yield part.name, _shown(before), _shown(after)


def _presence(password: str | None, word: str = "set") -> str:
    if password is None:
        return "none"
    return "unreadable" if password == UNREADABLE else word


def _crowd(before: frozenset[str], after: frozenset[str]) -> str:
    return f"{len(after)} ({len(after - before)} more, {len(before - after)} fewer)"


def _sequence(before: tuple[WantedStep, ...], after: tuple[WantedStep, ...]) -> str:
    both = zip(before, after, strict=False)
    edited = [str(i) for i, (old, new) in enumerate(both, 1) if old != new]
    return f"{len(after)}" + (f" (edited: {', '.join(edited)})" if edited else "")


def _shown(value: object) -> str:
    match value:
        case None | "" | ():
            return "none"
        case Ramp():
            return f"{value.start} to {value.end} in {value.days} days"
        case Pool() | WrittenCalendar() | Policy() | Wording() | Dkim() | Imap():
            parts = ((f.name, getattr(value, f.name)) for f in fields(value))
            return "; ".join(f"{name} {_shown(part)}" for name, part in parts if part)
        case tuple():
            return ", ".join(map(str, value))
        case float():
            return f"{value:g}"
        case _:
            text = " ".join(str(value).split())
            return text if len(text) <= 60 else f"{text[:57]}..."
