"""The tables of who sends, for whom and by which way: keys, defaults, units, bounds.

One model for each kind of table; a row of the mailbox CSV is a ``MailboxTable`` too.
What one table can tell by itself is checked here, the form of a value in ``forms.py``;
what needs a second table or a file in ``load.py`` and ``senders.py``.
Errors: pydantic's, turned into sentences by ``mistakes.from_pydantic``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from outreachd.fleet.forms import (
    TABLE,
    Address,
    Auth,
    DomainName,
    Folder,
    Host,
    Hours,
    Letters,
    Line,
    Name,
    PerMinute,
    Port,
    Rate,
    Selector,
    Share,
    Tls,
    WebAddress,
    Zone,
)
from outreachd.rules.template import CONTROL


class _Table(BaseModel):
    model_config = TABLE


class WarmupTable(_Table):
    """A daily limit that grows with days of real sending."""

    start: Annotated[int, Field(alias="from", ge=1, le=1_000_000)]
    to: Annotated[int, Field(ge=1, le=1_000_000)]
    days: Annotated[int, Field(ge=1, le=1000)]


_WARMUP_CELL = re.compile(r"(\d{1,6})-(\d{1,6})/(\d{1,4})")


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
    tls: Tls = "implicit"
    port: Port | None = None  # None = the usual one
    folders: Annotated[list[Folder], Field(min_length=1, max_length=10)] = [
        "INBOX",
        "Junk",
    ]


def _lines(text: str) -> str:
    if odd := CONTROL.search(text):
        raise ValueError(f"contains the control character U+{ord(odd[0]):04X}")
    return text


Lines = Annotated[str, Field(max_length=10_000), AfterValidator(_lines)]


def _imap(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, colon, port = value.partition(":")  # as a cell of the CSV
    if colon and not (port.isdecimal() and len(port) < 6):
        raise ValueError('must be { host = "imap.example.org" }; in a CSV HOST:PORT')
    return {"host": host, **({"port": int(port)} if colon else {})}


OptionalImap = Annotated[ImapTable | None, BeforeValidator(_imap)]


# Kinds that other versions know or will know: worth a clearer word than "unknown".
LATER_KINDS = ("ses", "postbox", "sendgrid", "mailgun", "unisender_go")


def _kind(kind: object) -> object:
    if kind in LATER_KINDS:
        raise ValueError(f'"{kind}" is not in this version; only "smtp" is')
    return kind


class AccountTable(_Table):
    """[[account]]."""

    name: Name
    kind: Annotated[Literal["smtp"], BeforeValidator(_kind)]
    host: Host
    tls: Tls = "starttls"
    port: Port | None = None  # None = the usual one
    username: Line | None = None
    password_file: Line | None = None
    auth: Auth = "password"
    rate_per_second: Rate = 10.0
    daily_limit: Letters | None = None
    max_connections: Annotated[int, Field(ge=1, le=1000)] = 10
    timezone: Zone = "UTC"
    imap: OptionalImap = None  # where the mailboxes that send by it are read
    receiver_rates: dict[str, PerMinute] = {}  # by receiver, see rules/receivers


class DkimTable(_Table):
    """dkim = { selector, sign }."""

    selector: Selector
    sign: Literal["rsa", "ed25519", "both"] = "rsa"


def _dkim(value: object) -> object:
    if value is False:
        return None
    if isinstance(value, dict | DkimTable):
        return value
    raise ValueError('must be false or { selector = "o1", sign = "rsa" }')


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
    signature: Lines = ""
    tags: list[Name] = []
    username: Line | None = None
    password_file: Line | None = None
    auth: Auth = "password"
    imap: OptionalImap = None  # None = as the accounts of its domain say


class InboxTable(ImapTable):
    """[[inbox]]: a mailbox that only receives."""

    name: Name
    username: Line
    password_file: Line
    auth: Auth = "password"


class FleetTable(_Table):
    """[fleet]."""

    mailboxes: Line | None = None
