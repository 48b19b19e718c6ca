"""Clients, accounts, domains and mailboxes: from checked tables to wanted values.

Checks what needs a second table or a file: references, passwords, and the rule that a
letter or a password leaves this machine only inside TLS. Mistakes go to ``Findings``;
a value is returned all the same, since nothing is used once there is a mistake.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Set as AbstractSet
from pathlib import Path

from outreachd.fleet.entries import Entry, Findings
from outreachd.fleet.files import read_password
from outreachd.fleet.sender_tables import (
    AccountTable,
    ClientTable,
    DomainTable,
    ImapTable,
    InboxTable,
    MailboxTable,
    WarmupTable,
)
from outreachd.mistakes import unknown
from outreachd.rules.address import BadAddressError, domain_of, normalise
from outreachd.rules.model import Auth, Dkim, DkimSign, Imap, Ramp, Tls
from outreachd.rules.receivers import OTHERS, RECEIVERS, SHORT_NAMES
from outreachd.rules.wanted import (
    WantedAccount,
    WantedClient,
    WantedDomain,
    WantedInbox,
    WantedMailbox,
)
from outreachd.rules.written import parse_hours

# The ports of RFC 8314 section 3.3 and RFC 5321.
_USUAL_PORT = {Tls.STARTTLS: 587, Tls.IMPLICIT: 465, Tls.NONE: 25}
_USUAL_IMAP_PORT = {Tls.STARTTLS: 143, Tls.IMPLICIT: 993, Tls.NONE: 143}


def client(entry: Entry[ClientTable]) -> WantedClient:
    """Make a client."""
    table = entry.table
    return WantedClient(
        name=table.name,
        share=table.share,
        daily_limit=table.daily_limit,
        postal_address=table.postal_address,
        contact_url=table.contact_url,
        timezone=table.timezone,
    )


def account(
    entry: Entry[AccountTable], folder: Path, findings: Findings
) -> WantedAccount:
    """Make an account; its usual port follows from ``tls``."""
    table = entry.table
    tls = Tls(table.tls)
    _check_tls(table, ("tls",), entry, findings)
    return WantedAccount(
        name=table.name,
        kind=table.kind,
        host=table.host,
        port=table.port or _USUAL_PORT[tls],
        tls=tls,
        username=table.username,
        rate_per_second=table.rate_per_second,
        daily_limit=table.daily_limit,
        max_connections=table.max_connections,
        timezone=table.timezone,
        auth=Auth(table.auth),
        password=_password(entry, folder, findings),
        imap=_imap(table.imap, ("imap", "tls"), entry, findings),
        receiver_rates=_receiver_rates(entry, findings),
    )


def _receiver_rates(entry: Entry[AccountTable], findings: Findings) -> dict[str, int]:
    """Check the names of receivers: one that no domain goes by would limit nothing."""
    rates = entry.table.receiver_rates
    for name in rates:
        if message := _odd_receiver(name):
            findings.add(entry.place, ("receiver_rates", name), message)
    return rates


def _odd_receiver(name: str) -> str:
    if name in SHORT_NAMES or name == OTHERS:
        return ""
    if "." not in name:
        return unknown("receiver", name, {*SHORT_NAMES, OTHERS})
    if name in RECEIVERS:
        return f'receiver "{name}" goes by its short name: write {RECEIVERS[name]}'
    try:
        domain = domain_of(normalise(f"x@{name}"))
    except BadAddressError as error:
        return f'receiver "{name}" is no domain: {error}'
    return "" if domain == name else f'receiver "{name}": write "{domain}"'


def inbox(entry: Entry[InboxTable], folder: Path, findings: Findings) -> WantedInbox:
    """Make a mailbox that only receives."""
    table = entry.table
    imap = _imap(table, ("tls",), entry, findings)
    assert imap is not None
    return WantedInbox(
        name=table.name,
        imap=imap,
        username=table.username,
        auth=Auth(table.auth),
        password=_password(entry, folder, findings),
    )


def domain(
    entry: Entry[DomainTable], accounts: AbstractSet[str], findings: Findings
) -> WantedDomain:
    """Make a domain."""
    table = entry.table
    for index, name in enumerate(table.accounts):
        if name not in accounts:
            message = unknown("account", name, accounts)
            findings.add(entry.place, ("accounts", index), message)
        if name in table.accounts[:index]:
            message = f'account "{name}" is listed twice'
            findings.add(entry.place, ("accounts", index), message)
    return WantedDomain(
        name=table.name,
        accounts=tuple(table.accounts),
        daily_limit=table.daily_limit,
        rate_per_minute=table.rate_per_minute,
        warmup=_ramp(table.warmup, entry, findings),
        timezone=table.timezone,
        bounces_at=table.bounces_at,
        dkim=Dkim(selector=table.dkim.selector, sign=DkimSign(table.dkim.sign))
        if table.dkim
        else None,
    )


def mailbox(
    entry: Entry[MailboxTable],
    domains: AbstractSet[str],
    folder: Path,
    findings: Findings,
) -> WantedMailbox:
    """Make a mailbox; its domain must be one of the file's."""
    table = entry.table
    if domain_of(table.address) not in domains:
        message = unknown("domain", domain_of(table.address), domains)
        findings.add(entry.place, ("address",), f"{message} (or add it as [[domain]])")
    if table.imap is not None and table.username is None:
        message = "to be read it needs a login of its own: username and password_file"
        findings.add(entry.place, ("imap",), message)
    start_min, end_min = parse_hours(table.workday)
    return WantedMailbox(
        address=table.address,
        name=table.name,
        daily_limit=table.daily_limit,
        hourly_limit=table.hourly_limit,
        min_gap_s=table.min_gap_s,
        jitter=table.jitter,
        workday_start_min=start_min,
        workday_end_min=end_min,
        timezone=table.timezone,
        warmup=_ramp(table.warmup, entry, findings),
        signature=table.signature,
        tags=tuple(sorted(set(table.tags))),
        username=table.username,
        auth=Auth(table.auth),
        password=_password(entry, folder, findings),
        imap=_imap(table.imap, ("imap", "tls"), entry, findings),
    )


def _imap(
    table: ImapTable | None,
    key: tuple[str, ...],
    entry: Entry[AccountTable] | Entry[MailboxTable] | Entry[InboxTable],
    findings: Findings,
) -> Imap | None:
    """Take where mail is read; its usual port follows from ``tls``."""
    if table is None:
        return None
    _check_tls(table, key, entry, findings)
    tls = Tls(table.tls)
    port = table.port or _USUAL_IMAP_PORT[tls]
    folders = tuple(dict.fromkeys(table.folders))
    return Imap(host=table.host, port=port, tls=tls, folders=folders)


def _check_tls(
    table: AccountTable | ImapTable,
    key: tuple[str, ...],
    entry: Entry[AccountTable] | Entry[MailboxTable] | Entry[InboxTable],
    findings: Findings,
) -> None:
    if Tls(table.tls) is Tls.NONE and not _is_loopback(table.host):
        message = (
            'tls = "none" is for loopback hosts only: use "starttls" or "implicit"'
        )
        findings.add(entry.place, key, message)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _ramp(
    warmup: WarmupTable | None,
    entry: Entry[DomainTable] | Entry[MailboxTable],
    findings: Findings,
) -> Ramp | None:
    if warmup is None:
        return None
    if warmup.to < warmup.start:
        findings.add(entry.place, ("warmup", "to"), "to must be at least from")
    return Ramp(start=warmup.start, end=warmup.to, days=warmup.days)


def _password(
    entry: Entry[AccountTable] | Entry[MailboxTable] | Entry[InboxTable],
    folder: Path,
    findings: Findings,
) -> str | None:
    table = entry.table
    if (table.username is None) != (table.password_file is None):
        message = "username and password_file belong together: give both or neither"
        key = "username" if table.username else "password_file"
        findings.add(entry.place, (key,), message)
    if table.password_file is None:
        return None
    try:
        return read_password(table.password_file, folder)
    except ValueError as error:
        findings.add(entry.place, ("password_file",), f"password_file {error}")
        return None
