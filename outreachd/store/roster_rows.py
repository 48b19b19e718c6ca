"""Rows of the fleet become values: zones are opened, calendars and ramps understood.

The values are those of the rules, with ids; what the wanted fleet has in the same words
(a ramp, a wording, a place to read mail) is read here for both.
Errors: UnknownZoneError and ValueError for what nobody can understand.
"""

from __future__ import annotations

import asyncpg
import msgspec

from outreachd.rules.calendar import zone
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
    Mailbox,
    MailboxGone,
    OnUncertain,
    Ramp,
    Step,
    Tls,
    Variant,
)
from outreachd.rules.wanted import WrittenCalendar
from outreachd.rules.wording import Wording
from outreachd.rules.written import parse_days, parse_hours

RECIPIENT = "recipient"


def imap_of(row: asyncpg.Record) -> Imap | None:
    """Read where mail is read, where that is told."""
    return msgspec.json.decode(row["imap"] or "null", type=Imap | None)


def receiver_rates_of(row: asyncpg.Record) -> dict[str, int]:
    """Read how many letters a minute go to each receiver, where that is limited."""
    return msgspec.json.decode(row["receiver_rates"], type=dict[str, int])


def dkim_of(row: asyncpg.Record) -> Dkim | None:
    """Read how a domain's letters are signed here, where they are."""
    return msgspec.json.decode(row["dkim"] or "null", type=Dkim | None)


def ramp_of(row: asyncpg.Record) -> Ramp | None:
    """Read how a daily limit grows, where it does."""
    if row["ramp_days"] is None:
        return None
    return Ramp(start=row["ramp_start"], end=row["ramp_end"], days=row["ramp_days"])


def confirmation_of(row: asyncpg.Record) -> Wording | None:
    """Read the letter that asks for a yes, where a campaign has one."""
    return msgspec.json.decode(row["confirmation"] or "null", type=Wording | None)


def variant_of(row: asyncpg.Record) -> Variant:
    """Read one wording of a step."""
    return Variant(
        name=row["name"],
        weight=row["weight"],
        subject=row["subject"],
        text=row["body_text"],
        html=row["body_html"],
    )


def client_of(row: asyncpg.Record) -> Client:
    """Read a client."""
    return Client(**{**row, "timezone": zone(row["timezone"])})


def account_of(row: asyncpg.Record) -> Account:
    """Read an account."""
    return Account(
        **{
            **row,
            "timezone": zone(row["timezone"]),
            "tls": Tls(row["tls"]),
            "auth": Auth(row["auth"]),
            "imap": imap_of(row),
            "receiver_rates": receiver_rates_of(row),
        }
    )


def domain_of(row: asyncpg.Record) -> Domain:
    """Read a sending domain."""
    return Domain(
        id=row["id"],
        name=row["name"],
        account_ids=tuple(row["account_ids"]),
        daily_limit=row["daily_limit"],
        rate_per_minute=row["rate_per_minute"],
        ramp=ramp_of(row),
        timezone=zone(row["timezone"]),
        bounces_at=row["bounces_at"],
        dkim=dkim_of(row),
    )


def mailbox_of(row: asyncpg.Record) -> Mailbox:
    """Read a mailbox."""
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
        ramp=ramp_of(row),
        signature=row["signature"],
        username=row["username"],
        auth=Auth(row["auth"]),
        imap=imap_of(row),
    )


def inbox_of(row: asyncpg.Record) -> Inbox:
    """Read a mailbox that only receives."""
    return Inbox(
        id=row["id"],
        name=row["name"],
        imap=msgspec.json.decode(row["imap"], type=Imap),
        username=row["username"],
        auth=Auth(row["auth"]),
    )


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


def campaign_of(row: asyncpg.Record, steps: tuple[Step, ...]) -> Campaign:
    """Read a campaign, with its steps."""
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
        confirmation=_confirmation(confirmation_of(row)),
    )


def _confirmation(wording: Wording | None) -> Step | None:
    if wording is None:
        return None
    return Step(
        number=0,
        subject=wording.subject,
        text=wording.text or "",
        html=wording.html,
        delay=0,
        delay_unit=DelayUnit.MINUTES,
    )
