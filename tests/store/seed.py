"""A fleet and its sends in a real database, as the tests of the ledger need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from outreachd.rules.model import Claim, State
from outreachd.rules.records import Charge, Intent, NextStep, Outcome
from outreachd.store.database import Connection, Database
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PLENTY = 1000


async def seed_fleet(connection: Connection, *, mailboxes: int = 3) -> None:
    """Insert one of each, some mailboxes and two campaigns; all ids begin at 1."""
    await connection.execute(
        "INSERT INTO client (name, share, postal_address, timezone)"
        " VALUES ('acme', 1, 'Acme GmbH, Berlin', 'UTC')"
    )
    await connection.execute(
        "INSERT INTO account (name, kind, host, port, tls, auth, rate_per_second,"
        " max_connections, timezone) VALUES"
        " ('relay', 'smtp', '127.0.0.1', 2525, 'none', 'password', 1000, 50, 'UTC')"
    )
    await connection.execute(
        "INSERT INTO domain (name, account_ids, daily_limit, rate_per_minute, timezone)"
        " VALUES ('mail.acme.example', '{1}', 10000, 60000, 'UTC')"
    )
    await connection.execute(
        "INSERT INTO mailbox (address, name, domain_id, daily_limit, hourly_limit,"
        " min_gap_s, jitter, workday_start_min, workday_end_min, timezone, signature,"
        " tags, auth) SELECT 'box' || i || '@mail.acme.example', 'Box', 1, 1000, 1000,"
        " 10, 0, 0, 1440, 'UTC', '', '{}', 'password'"
        " FROM generate_series(1, $1::integer) i",
        mailboxes,
    )
    for name, policy in (("spring", "hold"), ("autumn", "resend")):
        await connection.execute(
            "INSERT INTO campaign (name, client_id, direction, share, pool, calendar,"
            " on_uncertain) VALUES ($1, 1, 'sales', 1, '{}', $2, $3)",
            name,
            '{"days": "mon-sun", "hours": "00:00-24:00", "timezone": "UTC",'
            ' "holidays": ""}',
            policy,
        )
    await connection.execute(
        "INSERT INTO campaign_mailbox SELECT c.id, m.id FROM campaign c, mailbox m"
    )
    await connection.execute(
        "INSERT INTO step (campaign_id, number, subject, body_text, delay, delay_unit)"
        " SELECT id, 1, 'Hello', 'Hi.', 0, 'hours' FROM campaign"
    )


async def add_send(
    connection: Connection, email: str, due_at: datetime = NOW, **values: Any
) -> int:
    """Insert a contact, its enrolment and a scheduled send; tell the send's id."""
    campaign_id = values.pop("campaign_id", 1)
    contact_id = await connection.fetchval(
        "INSERT INTO contact (client_id, email, consent_basis) VALUES (1, $1, 'asked')"
        " ON CONFLICT (client_id, email) DO UPDATE SET email = excluded.email"
        " RETURNING id",
        email,
    )
    enrolment_id = await connection.fetchval(
        "INSERT INTO enrolment (campaign_id, contact_id) VALUES ($1, $2)"
        " ON CONFLICT (campaign_id, contact_id) DO UPDATE SET state = 'active'"
        " RETURNING id",
        campaign_id,
        contact_id,
    )
    columns: dict[str, Any] = {
        "campaign_id": campaign_id,
        "step_number": 1,
        "contact_id": contact_id,
        "enrolment_id": enrolment_id,
        "due_at": due_at,
        "first_due_at": due_at,
        "changed_at": NOW,
    } | values
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    id: int = await connection.fetchval(
        f"INSERT INTO send ({', '.join(columns)}) VALUES ({places}) RETURNING id",  # noqa: S608
        *columns.values(),
    )
    await connection.execute(
        "INSERT INTO queue VALUES ($1, $2) ON CONFLICT DO NOTHING",
        campaign_id,
        columns.get("place", ""),
    )
    return id


async def owner_of(
    database: Database, ttl_s: float = 60.0
) -> tuple[PgLedger, int, UUID]:
    """Take the fleet's lease for a new owner; give its ledger and its term."""
    owner = uuid4()
    term = await PgLeases(database, owner).take(ttl_s)
    assert term is not None
    return PgLedger(database, owner), term, owner


def intent(
    claim: Claim, mailbox_id: int = 1, *, cap: int = PLENTY, **changes: Any
) -> Intent:
    """Make the intent of a claim; ``cap`` limits the mailbox's day."""
    day = NOW.date()
    plenty = Charge(day, PLENTY)
    values: dict[str, Any] = {
        "send_id": claim.send_id,
        "attempt_id": uuid4(),
        "mailbox_id": mailbox_id,
        "account_id": 1,
        "domain_id": 1,
        "client_id": 1,
        "campaign_id": claim.campaign_id,
        "at": NOW,
        "message_id": f"<{claim.send_id}@mail.acme.example>",
        "dated_at": NOW,
        "letter_sha256": b"s" * 32,
        "charges": (Charge(day, cap), plenty, plenty, plenty),
    }
    return Intent(**values | changes)


def outcome(intent: Intent, state: State = State.SENT, **changes: Any) -> Outcome:
    """Make the outcome of an attempt."""
    values: dict[str, Any] = {
        "send_id": intent.send_id,
        "attempt_id": intent.attempt_id,
        "state": state,
        "at": NOW,
        "due_at": None,
        "phase": "dot",
        "code": 250,
        "text": "250 queued",
        "reason": "delivered",
        "suppress": False,
        "next_step": None,
    }
    return Outcome(**values | changes)


def follow_up(intent: Intent, due_at: datetime) -> NextStep:
    """Make the step that a delivered first touch sets off."""
    return NextStep(
        step_number=2, due_at=due_at, thread=intent.message_id, thread_subject="Hello"
    )
