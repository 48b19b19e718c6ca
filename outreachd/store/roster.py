"""Reads the fleet as it was applied, and what the ledger knows of its recent past.

Written calendars, zones and ramps become the rules' values here. A row that cannot be
understood is a bug or a changed zone database: RosterError names it, nothing falls back
to a guess.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import asyncpg
import msgspec

from outreachd.rules.calendar import UnknownZoneError, zone
from outreachd.rules.holiday import Holidays
from outreachd.rules.model import (
    Account,
    Auth,
    Calendar,
    Campaign,
    Client,
    DelayUnit,
    Dkim,
    Domain,
    Imap,
    Inbox,
    Kind,
    Mailbox,
    MailboxGone,
    OnUncertain,
    Pause,
    Ramp,
    Roster,
    Step,
    Tls,
    Variant,
)
from outreachd.rules.records import Facts, Recent
from outreachd.rules.recovery import part
from outreachd.rules.wanted import WrittenCalendar
from outreachd.rules.warmup import steps_after_rest
from outreachd.rules.wording import Wording
from outreachd.rules.written import parse_days, parse_hours
from outreachd.store import sql
from outreachd.store.content import attachments_of
from outreachd.store.database import Connection
from outreachd.store.fleet_present import imap_of, variant_of
from outreachd.store.health import read_standings

RECIPIENT = "recipient"

Thing = TypeVar("Thing", Client, Account, Domain, Mailbox, Inbox)


class RosterError(Exception):
    """The fleet in the database cannot be understood; the text says what and where."""


async def read_roster(connection: Connection) -> Roster:
    """Read all that is not retired."""
    steps = await _steps(connection)
    try:
        return Roster(
            clients=await _read(connection, "roster_clients", _client),
            accounts=await _read(connection, "roster_accounts", _account),
            domains=await _read(connection, "roster_domains", _domain),
            mailboxes=await _read(connection, "roster_mailboxes", _mailbox),
            campaigns={
                row["id"]: _campaign(row, steps.get(row["id"], ()))
                for row in await connection.fetch(sql.text("roster_campaigns"))
            },
            inboxes=await _read(connection, "roster_inboxes", _inbox),
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


def _client(row: asyncpg.Record) -> Client:
    return Client(**{**row, "timezone": zone(row["timezone"])})


def _account(row: asyncpg.Record) -> Account:
    return Account(
        **{
            **row,
            "timezone": zone(row["timezone"]),
            "tls": Tls(row["tls"]),
            "auth": Auth(row["auth"]),
            "imap": imap_of(row),
        }
    )


def _domain(row: asyncpg.Record) -> Domain:
    return Domain(
        id=row["id"],
        name=row["name"],
        account_ids=tuple(row["account_ids"]),
        daily_limit=row["daily_limit"],
        rate_per_minute=row["rate_per_minute"],
        ramp=_ramp(row),
        timezone=zone(row["timezone"]),
        bounces_at=row["bounces_at"],
        dkim=msgspec.json.decode(row["dkim"], type=Dkim) if row["dkim"] else None,
    )


def _mailbox(row: asyncpg.Record) -> Mailbox:
    return Mailbox(
        id=row["id"],
        address=row["address"],
        name=row["name"],
        domain_id=row["domain_id"],
        daily_limit=row["daily_limit"],
        hourly_limit=row["hourly_limit"],
        min_gap_s=row["min_gap_s"],
        jitter=row["jitter"],
        workday_start_min=row["workday_start_min"],
        workday_end_min=row["workday_end_min"],
        timezone=zone(row["timezone"]),
        ramp=_ramp(row),
        signature=row["signature"],
        username=row["username"],
        auth=Auth(row["auth"]),
        imap=imap_of(row),
    )


def _inbox(row: asyncpg.Record) -> Inbox:
    return Inbox(
        id=row["id"],
        name=row["name"],
        imap=msgspec.json.decode(row["imap"], type=Imap),
        username=row["username"],
        auth=Auth(row["auth"]),
    )


def _ramp(row: asyncpg.Record) -> Ramp | None:
    if row["ramp_days"] is None:
        return None
    return Ramp(start=row["ramp_start"], end=row["ramp_end"], days=row["ramp_days"])


def _calendar(row: asyncpg.Record) -> Calendar:
    written = msgspec.json.decode(row["calendar"], type=WrittenCalendar)
    start_min, end_min = parse_hours(written.hours)
    theirs = written.holidays == RECIPIENT
    return Calendar(
        weekdays=parse_days(written.days),
        start_min=start_min,
        end_min=end_min,
        timezone=None if written.timezone == RECIPIENT else zone(written.timezone),
        holidays=None if theirs else Holidays(written.holidays),
        unknown_timezone=zone(written.unknown_timezone or row["client_timezone"]),
    )


def _campaign(row: asyncpg.Record, steps: tuple[Step, ...]) -> Campaign:
    return Campaign(
        id=row["id"],
        name=row["name"],
        client_id=row["client_id"],
        direction=row["direction"],
        share=row["share"],
        mailbox_ids=tuple(row["mailbox_ids"]),
        calendar=_calendar(row),
        on_uncertain=OnUncertain(row["on_uncertain"]),
        useful_for_s=row["useful_for_s"],
        steps=steps,
        stop_company=row["stop_company"],
        first_touch_share=row["first_touch_share"],
        mailbox_gone=MailboxGone(row["mailbox_gone"]),
        confirmation=_confirmation(row["confirmation"]),
    )


def _confirmation(text: str | None) -> Step | None:
    if text is None:
        return None
    wording = msgspec.json.decode(text, type=Wording)
    return Step(
        number=0,
        subject=wording.subject,
        text=wording.text or "",
        html=wording.html,
        delay=0,
        delay_unit=DelayUnit.MINUTES,
    )
