"""Reads the fleet as it was applied, and what the ledger knows of its recent past.

``roster_rows.py`` makes values of the rows. One that cannot be understood is a bug or a
changed zone database: RosterError names it, nothing falls back to a guess.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import asyncpg

from outreachd.rules.calendar import UnknownZoneError
from outreachd.rules.model import (
    Account,
    Client,
    DelayUnit,
    Domain,
    Inbox,
    Kind,
    Mailbox,
    Pause,
    Roster,
    Step,
    Variant,
)
from outreachd.rules.records import Facts, Recent
from outreachd.rules.recovery import part
from outreachd.rules.warmup import steps_after_rest
from outreachd.store import sql
from outreachd.store.content import attachments_of
from outreachd.store.database import Connection
from outreachd.store.health import read_standings
from outreachd.store.roster_rows import (
    account_of,
    campaign_of,
    client_of,
    domain_of,
    inbox_of,
    mailbox_of,
    variant_of,
)

Thing = TypeVar("Thing", Client, Account, Domain, Mailbox, Inbox)


class RosterError(Exception):
    """The fleet in the database cannot be understood; the text says what and where."""


async def read_roster(connection: Connection) -> Roster:
    """Read all that is not retired."""
    steps = await _steps(connection)
    try:
        return Roster(
            clients=await _read(connection, "roster_clients", client_of),
            accounts=await _read(connection, "roster_accounts", account_of),
            domains=await _read(connection, "roster_domains", domain_of),
            mailboxes=await _read(connection, "roster_mailboxes", mailbox_of),
            campaigns={
                row["id"]: campaign_of(row, steps.get(row["id"], ()))
                for row in await connection.fetch(sql.text("roster_campaigns"))
            },
            inboxes=await _read(connection, "roster_inboxes", inbox_of),
        )
    except (UnknownZoneError, ValueError) as error:
        raise RosterError(
            f"the fleet cannot be read: {error}; apply it anew"
        ) from error


async def read_facts(connection: Connection, now: datetime) -> Facts:
    """Read what counts against the allowances of a daemon that begins now."""
    used = await connection.fetch(
        sql.text("facts_used"), now.date() - timedelta(days=2)
    )
    days_sent = await connection.fetch(sql.text("facts_days_sent"), now)
    recent = await connection.fetch(sql.text("facts_recent"), now)
    return Facts(
        used={(Kind(r["kind"]), r["target_id"], r["day"]): r["n"] for r in used},
        days_sent={(Kind(r["kind"]), r["target_id"]): _days(r) for r in days_sent},
        recent=[Recent(r["mailbox_id"], r["account_id"], r["at"]) for r in recent],
        shares={
            key: part(one.standing)
            for key, one in (await read_standings(connection)).items()
        },
    )


def _days(row: asyncpg.Record) -> int:
    """Count the days of a ramp, stepped back after the newest rest."""
    since: int = row["since"]
    if row["rested_days"] is None:
        return since
    days = row["ramp_days"] or 1
    return steps_after_rest(row["before"], row["rested_days"], since, days)


async def read_secrets(connection: Connection) -> dict[tuple[str, int], bytes]:
    """Read the sealed passwords of accounts and mailboxes."""
    rows = await connection.fetch(sql.text("secrets"))
    return {(row["kind"], row["target_id"]): row["ciphertext"] for row in rows}


async def read_pauses(connection: Connection, now: datetime) -> list[Pause]:
    """Read the pauses that hold now."""
    return [
        Pause(
            kind=Kind(row["kind"]),
            target_id=row["target_id"],
            reason=row["reason"],
            until=row["until"],
        )
        for row in await connection.fetch(sql.text("pauses"), now)
    ]


async def _read(
    connection: Connection, name: str, make: Callable[[asyncpg.Record], Thing]
) -> dict[int, Thing]:
    rows = await connection.fetch(sql.text(name))
    # In a thread: thousands of them would hold up all that waits for an answer.
    return await asyncio.to_thread(lambda: {row["id"]: make(row) for row in rows})


async def _steps(connection: Connection) -> Mapping[int, tuple[Step, ...]]:
    steps: dict[int, tuple[Step, ...]] = {}
    variants: dict[tuple[int, int], list[Variant]] = defaultdict(list)
    for row in await connection.fetch(sql.text("roster_variants")):
        variants[row["campaign_id"], row["number"]].append(variant_of(row))
    for row in await connection.fetch(sql.text("roster_steps")):
        step = Step(
            number=row["number"],
            subject=row["subject"],
            text=row["body_text"],
            html=row["body_html"],
            delay=row["delay"],
            delay_unit=DelayUnit(row["delay_unit"]),
            variants=tuple(variants[row["campaign_id"], row["number"]]),
            attachments=attachments_of(row["attachments"]),
        )
        steps[row["campaign_id"]] = (*steps.get(row["campaign_id"], ()), step)
    return steps
