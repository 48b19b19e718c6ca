"""The fleet as the database holds it, in the words of the fleet file.

What is retired is only named, so that it can return under its old id. Passwords are
opened for the comparison; one that no longer opens is told as unreadable, and applying
the fleet seals it anew. One read is one picture: the caller holds the transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import asyncpg
import msgspec

from outreachd.rules.hygiene import Policy
from outreachd.rules.model import (
    Auth,
    DelayUnit,
    Imap,
    Kind,
    MailboxGone,
    OnUncertain,
    Tls,
    Variant,
)
from outreachd.rules.wanted import (
    UNREADABLE,
    Ear,
    Fleet,
    Pool,
    Thing,
    WantedAccount,
    WantedCampaign,
    WantedClient,
    WantedDomain,
    WantedInbox,
    WantedMailbox,
    WantedStep,
    WrittenCalendar,
)
from outreachd.store import sql
from outreachd.store.content import attachments_of
from outreachd.store.database import Connection
from outreachd.store.roster_rows import (
    confirmation_of,
    dkim_of,
    imap_of,
    ramp_of,
    receiver_rates_of,
    variant_of,
)
from outreachd.store.vault import Vault, VaultError

Secrets = dict[tuple[str, int], str]


async def read_present(connection: Connection, vault: Vault) -> Fleet:
    """Read the fleet that was applied last."""
    passwords = await _passwords(connection, vault)
    steps = await _steps(connection)
    rows = {kind: await connection.fetch(sql.text(_READ[kind])) for kind in _READ}
    things: dict[Kind, list[Thing]] = {
        Kind.CLIENT: [_client(r) for r in _live(rows[Kind.CLIENT])],
        Kind.ACCOUNT: [_account(r, passwords) for r in _live(rows[Kind.ACCOUNT])],
        Kind.DOMAIN: [_domain(r) for r in _live(rows[Kind.DOMAIN])],
        Kind.MAILBOX: [_mailbox(r, passwords) for r in _live(rows[Kind.MAILBOX])],
        Kind.CAMPAIGN: [_campaign(r, steps) for r in _live(rows[Kind.CAMPAIGN])],
    }
    inboxes = [_inbox(r, passwords) for r in _live(rows[Ear.INBOX])]
    return Fleet(
        things={k: {_name(k, t): t for t in found} for k, found in things.items()},
        retired=frozenset(
            (kind, row[_KEY.get(kind, "name")])
            for kind, found in rows.items()
            for row in found
            if row["retired"]
        ),
        inboxes={inbox.name: inbox for inbox in inboxes},
    )


_READ: dict[Kind | Ear, str] = {
    Ear.INBOX: "present_inboxes",
    Kind.CLIENT: "present_clients",
    Kind.ACCOUNT: "present_accounts",
    Kind.DOMAIN: "present_domains",
    Kind.MAILBOX: "present_mailboxes",
    Kind.CAMPAIGN: "present_campaigns",
}
_KEY: dict[Kind | Ear, str] = {Kind.MAILBOX: "address"}  # all others go by their name


def _name(kind: Kind, thing: Thing) -> str:
    return str(getattr(thing, _KEY.get(kind, "name")))


def _live(rows: Iterable[asyncpg.Record]) -> list[asyncpg.Record]:
    return [row for row in rows if not row["retired"]]


async def _passwords(connection: Connection, vault: Vault) -> Secrets:
    found: Secrets = {}
    for row in await connection.fetch(sql.text("present_secrets")):
        owner = (row["kind"], row["target_id"])
        try:
            found[owner] = vault.open(*owner, row["ciphertext"])
        except VaultError:
            found[owner] = UNREADABLE
    return found


async def _steps(connection: Connection) -> dict[str, list[WantedStep]]:
    found: dict[str, list[WantedStep]] = defaultdict(list)
    variants: dict[tuple[str, int], list[Variant]] = defaultdict(list)
    for row in await connection.fetch(sql.text("present_variants")):
        variants[row["campaign"], row["number"]].append(variant_of(row))
    for row in await connection.fetch(sql.text("present_steps")):
        step = WantedStep(
            subject=row["subject"],
            text=row["body_text"],
            html=row["body_html"],
            delay=row["delay"],
            delay_unit=DelayUnit(row["delay_unit"]),
            variants=tuple(variants[row["campaign"], row["number"]]),
            attachments=attachments_of(row["attachments"]),
        )
        found[row["campaign"]].append(step)
    return found


def _client(row: asyncpg.Record) -> WantedClient:
    return WantedClient(**_values(row))


def _account(row: asyncpg.Record, passwords: Secrets) -> WantedAccount:
    values = _values(row) | {
        "tls": Tls(row["tls"]),
        "auth": Auth(row["auth"]),
        "imap": imap_of(row),
        "receiver_rates": receiver_rates_of(row),
    }
    return WantedAccount(**values, password=passwords.get(("account", row["id"])))


def _domain(row: asyncpg.Record) -> WantedDomain:
    values = _values(row) | {"accounts": tuple(row["accounts"]), "dkim": dkim_of(row)}
    return WantedDomain(**values, warmup=ramp_of(row))


def _mailbox(row: asyncpg.Record, passwords: Secrets) -> WantedMailbox:
    values = _values(row) | {
        "tags": tuple(row["tags"]),
        "auth": Auth(row["auth"]),
        "imap": imap_of(row),
    }
    password = passwords.get(("mailbox", row["id"]))
    return WantedMailbox(**values, warmup=ramp_of(row), password=password)


def _inbox(row: asyncpg.Record, passwords: Secrets) -> WantedInbox:
    return WantedInbox(
        name=row["name"],
        imap=msgspec.json.decode(row["imap"], type=Imap),
        username=row["username"],
        auth=Auth(row["auth"]),
        password=passwords.get(("inbox", row["id"])),
    )


def _campaign(
    row: asyncpg.Record, steps: dict[str, list[WantedStep]]
) -> WantedCampaign:
    values = _values(row) | {
        "pool": msgspec.json.decode(row["pool"], type=Pool),
        "calendar": msgspec.json.decode(row["calendar"], type=WrittenCalendar),
        "on_uncertain": OnUncertain(row["on_uncertain"]),
        "mailbox_gone": MailboxGone(row["mailbox_gone"]),
        "hygiene": msgspec.json.decode(row["hygiene"], type=Policy),
        "mailboxes": frozenset(row["mailboxes"]),
        "grounds": tuple(row["grounds"]) if row["grounds"] else None,
        "confirmation": confirmation_of(row),
    }
    return WantedCampaign(**values, steps=tuple(steps[row["name"]]))


def _values(row: asyncpg.Record) -> dict[str, Any]:
    """Take the columns that have the names of a wanted value's fields."""
    ours = ("id", "retired", "ramp_start", "ramp_end", "ramp_days")
    return {key: value for key, value in row.items() if key not in ours}
