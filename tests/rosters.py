"""Small fleets for tests: one of each kind, with limits wide enough not to matter.

Whoever tests a limit sets that one. Ids are the caller's; everything is open round
the clock in UTC unless told otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from outreachd.rules.model import (
    Account,
    Calendar,
    Campaign,
    Client,
    DelayUnit,
    Domain,
    Mailbox,
    OnUncertain,
    Roster,
    Step,
    Tls,
)

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALWAYS = Calendar(
    weekdays=frozenset(range(7)),
    start_min=0,
    end_min=1440,
    timezone=None,
    holidays=frozenset(),
)


def client(id: int = 1, **changes: Any) -> Client:
    """Make a client without a daily limit."""
    values: dict[str, Any] = {
        "id": id,
        "name": f"client{id}",
        "share": 1.0,
        "daily_limit": None,
        "postal_address": "Acme GmbH, Berlin",
        "contact_url": None,
        "timezone": UTC,
    }
    return Client(**values | changes)


def account(id: int = 1, **changes: Any) -> Account:
    """Make a fast account without a daily limit."""
    values: dict[str, Any] = {
        "id": id,
        "name": f"relay{id}",
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": 2525,
        "tls": Tls.NONE,
        "username": None,
        "rate_per_second": 1000.0,
        "daily_limit": None,
        "max_connections": 50,
        "timezone": UTC,
    }
    return Account(**values | changes)


def domain(id: int = 1, **changes: Any) -> Domain:
    """Make a domain with wide limits that leaves by account 1."""
    values: dict[str, Any] = {
        "id": id,
        "name": f"mail{id}.acme.example",
        "account_ids": (1,),
        "daily_limit": 100_000,
        "rate_per_minute": 60_000.0,
        "ramp": None,
        "timezone": UTC,
    }
    return Domain(**values | changes)


def mailbox(id: int = 1, domain_id: int = 1, **changes: Any) -> Mailbox:
    """Make a mailbox that may send at any hour, ten seconds apart."""
    values: dict[str, Any] = {
        "id": id,
        "address": f"box{id}@mail{domain_id}.acme.example",
        "name": f"Box {id}",
        "domain_id": domain_id,
        "daily_limit": 10_000,
        "hourly_limit": 10_000,
        "min_gap_s": 10.0,
        "jitter": 0.0,
        "workday_start_min": 0,
        "workday_end_min": 1440,
        "timezone": UTC,
        "ramp": None,
        "signature": "Regards",
        "username": None,
    }
    return Mailbox(**values | changes)


def calendar(start_min: int, end_min: int, timezone: tzinfo | None = None) -> Calendar:
    """Make a calendar of seven days with these hours; None = the recipient's zone."""
    return Calendar(
        weekdays=frozenset(range(7)),
        start_min=start_min,
        end_min=end_min,
        timezone=timezone,
        holidays=frozenset(),
    )


def step(number: int = 1, **changes: Any) -> Step:
    """Make a step; the first opens the thread, a later one answers two hours on."""
    values: dict[str, Any] = {
        "number": number,
        "subject": "Hello" if number == 1 else None,
        "text": f"Step {number}.",
        "html": None,
        "delay": 0 if number == 1 else 2,
        "delay_unit": DelayUnit.HOURS,
    }
    return Step(**values | changes)


def campaign(
    id: int = 1, mailbox_ids: tuple[int, ...] = (1,), **changes: Any
) -> Campaign:
    """Make a campaign of one step for client 1, open at all hours."""
    values: dict[str, Any] = {
        "id": id,
        "name": f"campaign{id}",
        "client_id": 1,
        "direction": "sales",
        "share": 1.0,
        "mailbox_ids": mailbox_ids,
        "calendar": ALWAYS,
        "on_uncertain": OnUncertain.HOLD,
        "useful_for_s": None,
        "steps": (step(),),
    }
    return Campaign(**values | changes)


def roster(*things: Client | Account | Domain | Mailbox | Campaign) -> Roster:
    """Join things to a fleet; client, account and domain 1 are there unless given."""
    kinds: dict[type, dict[int, Any]] = {
        Client: {1: client()},
        Account: {1: account()},
        Domain: {1: domain()},
        Mailbox: {},
        Campaign: {},
    }
    for thing in things:
        kinds[type(thing)][thing.id] = thing
    return Roster(
        clients=kinds[Client],
        accounts=kinds[Account],
        domains=kinds[Domain],
        mailboxes=kinds[Mailbox],
        campaigns=kinds[Campaign],
    )
