"""The tables of a fleet file: every key, its type, default, unit and bounds.

One model for each kind of table; a row of the mailbox CSV is a ``MailboxTable`` too.
What one table can tell by itself is checked here; what needs a second table or a file
is checked in ``load.py``. TOML is read strictly: "40" is no number there.
Errors: pydantic's, turned into sentences by ``mistakes.from_pydantic``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from outreachd.rules import address, calendar, written
from outreachd.rules.contact_row import consent

# Kinds that other versions know or will know: worth a clearer word than "unknown".
LATER_KINDS = ("ses", "postbox", "sendgrid", "mailgun", "unisender_go")

_WARMUP_CELL = re.compile(r"(\d{1,6})-(\d{1,6})/(\d{1,4})")


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of visible text")
    return text.strip()


def _zone(name: str) -> str:
    calendar.zone(name)
    return name


def _calendar_zone(name: str) -> str:
    return name if name == "recipient" else _zone(name)


def _domain(name: str) -> str:
    return address.domain_of(address.normalise(f"x@{name}"))


def _host(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", name):
        raise ValueError(
            'must be a host name or an address, such as "smtp.example.org"'
        )
    return name


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"]{3,}", text):
        raise ValueError('must be a web address such as "https://example.org"')
    return text


def _holidays(text: str) -> str:
    if re.fullmatch(r"([A-Z]{2}(-\w+)?|recipient)?", text):
        return text
    raise ValueError('must be a country such as "DE" or "DE-BY", "recipient", or ""')


def _selector(name: str) -> str:
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
        return name
    raise ValueError('must be a DNS label such as "o1"')


def _dkim(value: object) -> object:
    if value is False:
        return None
    if isinstance(value, dict | DkimTable):
        return value
    raise ValueError('must be false or { selector = "o1", sign = "rsa" }')


def _kind(kind: object) -> object:
    if kind in LATER_KINDS:
        raise ValueError(f'"{kind}" is not in this version; only "smtp" is')
    return kind


def _warmup(value: Any) -> Any:
    if value is False or value == "false":
        return None
    cell = _WARMUP_CELL.fullmatch(value) if isinstance(value, str) else None
    if cell:  # as a cell of the CSV
        return {"from": int(cell[1]), "to": int(cell[2]), "days": int(cell[3])}
    if isinstance(value, dict | WarmupTable):
        return value
    raise ValueError(
        "must be false or { from = 10, to = 40, days = 21 }; in a CSV false or 10-40/21"
    )


def _ground(text: str) -> str:
    basis = consent(text, None, None).basis
    if basis is None:
        raise ValueError('must be a ground of consent, such as "opt_in"')
    return basis


def _imap(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, colon, port = value.partition(":")  # as a cell of the CSV
    if colon and not port.isdecimal():
        raise ValueError('must be { host = "imap.example.org" }; in a CSV HOST:PORT')
    return {"host": host, **({"port": int(port)} if colon else {})}


def _parsed_by(reader: Any) -> AfterValidator:
    def check(text: str) -> str:
        reader(text)
        return text

    return AfterValidator(check)


Line = Annotated[str, Field(max_length=500), AfterValidator(_line)]
Name = Annotated[str, Field(max_length=100), AfterValidator(_line)]
Address = Annotated[str, AfterValidator(address.normalise)]
Folder = Annotated[str, Field(max_length=200), AfterValidator(_line)]
DomainName = Annotated[str, AfterValidator(_domain)]
Host = Annotated[str, AfterValidator(_host)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Zone = Annotated[str, AfterValidator(_zone)]
CalendarZone = Annotated[str, AfterValidator(_calendar_zone)]
Hours = Annotated[str, _parsed_by(written.parse_hours)]
Holidays = Annotated[str, AfterValidator(_holidays)]
Days = Annotated[str, _parsed_by(written.parse_days)]
Delay = Annotated[str, _parsed_by(written.parse_delay)]
Duration = Annotated[str, _parsed_by(written.parse_duration_s)]
Letters = Annotated[int, Field(ge=0, le=10_000_000)]
Rate = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Ground = Annotated[str, AfterValidator(_ground)]
Body = Annotated[str, Field(min_length=1, max_length=500_000)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WarmupTable(_Table):
    """A daily limit that grows with days of real sending."""

    start: Annotated[int, Field(alias="from", ge=1, le=1_000_000)]
    to: Annotated[int, Field(ge=1, le=1_000_000)]
    days: Annotated[int, Field(ge=1, le=1000)]


def _warmup_default(start: int, to: int, days: int) -> Any:
    return Field(
        default=WarmupTable.model_validate({"from": start, "to": to, "days": days})
    )


Warmup = Annotated[WarmupTable | None, BeforeValidator(_warmup)]


class ClientTable(_Table):
    """[[client]]."""

    name: Name
    postal_address: Line
    share: Share = 1.0
    daily_limit: Letters | None = None
    contact_url: WebAddress | None = None
    timezone: Zone = "UTC"


class ImapTable(_Table):
    """imap = { host, port, tls, folders }."""

    host: Host
    tls: Literal["starttls", "implicit", "none"] = "implicit"
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None  # None = the usual one
    folders: Annotated[list[Folder], Field(min_length=1, max_length=10)] = [
        "INBOX",
        "Junk",
    ]


OptionalImap = Annotated[ImapTable | None, BeforeValidator(_imap)]


class AccountTable(_Table):
    """[[account]]."""

    name: Name
    kind: Annotated[Literal["smtp"], BeforeValidator(_kind)]
    host: Host
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None  # None = the usual one
    username: Line | None = None
    password_file: Line | None = None
    auth: Literal["password", "xoauth2"] = "password"  # what the file holds
    rate_per_second: Rate = 10.0
    daily_limit: Letters | None = None
    max_connections: Annotated[int, Field(ge=1, le=1000)] = 10
    timezone: Zone = "UTC"
    imap: OptionalImap = None  # where the mailboxes that send by it are read


class DkimTable(_Table):
    """dkim = { selector, sign }."""

    selector: Annotated[str, Field(max_length=50), AfterValidator(_selector)]
    sign: Literal["rsa", "ed25519", "both"] = "rsa"


class DomainTable(_Table):
    """[[domain]]."""

    name: DomainName
    accounts: Annotated[list[Name], Field(min_length=1)]
    daily_limit: Letters = 400
    rate_per_minute: Rate = 20.0
    warmup: Warmup = _warmup_default(15, 400, 28)
    timezone: Zone = "UTC"
    dkim: Annotated[DkimTable | None, BeforeValidator(_dkim)] = None
    bounces_at: DomainName | None = None  # a domain whose mail comes to an [[inbox]]


class MailboxTable(_Table):
    """[[mailbox]], or a row of the CSV."""

    address: Address
    name: Name
    daily_limit: Letters = 40
    hourly_limit: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    min_gap_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 90.0
    jitter: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.6
    workday: Hours = "09:00-18:00"
    timezone: Zone = "UTC"
    warmup: Warmup = _warmup_default(10, 40, 21)
    signature: Annotated[str, Field(max_length=10_000)] = ""
    tags: list[Name] = []
    username: Line | None = None
    password_file: Line | None = None
    auth: Literal["password", "xoauth2"] = "password"  # what the file holds
    imap: OptionalImap = None  # None = as the accounts of its domain say


class InboxTable(ImapTable):
    """[[inbox]]: a mailbox that only receives."""

    name: Name
    username: Line
    password_file: Line
    auth: Literal["password", "xoauth2"] = "password"  # what the file holds


class PoolTable(_Table):
    """pool = { tags, domains, mailboxes }."""

    tags: list[Name] = []
    domains: list[DomainName] = []
    mailboxes: list[Address] = []


class CalendarTable(_Table):
    """calendar = { days, hours, timezone, holidays, unknown_timezone }."""

    days: Days = "mon-fri"
    hours: Hours = "09:00-18:00"
    timezone: CalendarZone = "recipient"
    holidays: Holidays = ""
    unknown_timezone: Zone | Literal[""] = ""  # "" = the client's


class WordingTable(_Table):
    """What a step and a variant of it have in common."""

    subject: Line | None = None
    text: Body | None = None
    text_file: Line | None = None
    html: Body | None = None
    html_file: Line | None = None


class VariantTable(WordingTable):
    """[[campaign.step.variant]]."""

    name: Name
    weight: Share = 1.0


class StepTable(WordingTable):
    """[[campaign.step]]."""

    after: Delay | None = None
    attachments: Annotated[list[Line], Field(max_length=10)] = []
    variant: Annotated[list[VariantTable], Field(max_length=20)] = []


Treatment = Literal["take", "hold", "skip"]


class HygieneTable(_Table):
    """hygiene = { role, disposable, free, smtputf8, no_mx }: take, hold or skip."""

    role: Treatment = "hold"
    disposable: Treatment = "skip"
    free: Treatment = "take"
    smtputf8: Treatment = "skip"
    no_mx: Treatment = "skip"


class ConfirmTable(WordingTable):
    """confirm = { subject, text, html }: the letter of a double opt-in."""

    subject: Line


class CampaignTable(_Table):
    """[[campaign]]."""

    name: Name
    client: Name
    direction: Name
    pool: PoolTable
    step: Annotated[list[StepTable], Field(min_length=1, max_length=100)]
    share: Share = 1.0
    calendar: CalendarTable = CalendarTable()
    on_uncertain: Literal["hold", "resend"] = "hold"
    useful_for: Duration | None = None
    stop_company: bool = False
    first_touch_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    mailbox_gone: Literal["wait", "stand_in", "stop"] = "wait"
    hygiene: HygieneTable = HygieneTable()
    silent_after: Duration = "183 days"
    consent: Annotated[list[Ground], Field(min_length=1)] | None = None
    confirm: ConfirmTable | None = None


class FleetTable(_Table):
    """[fleet]."""

    mailboxes: Line | None = None
