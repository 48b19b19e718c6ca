"""How long one look at everybody's health takes, and how late the loop is meanwhile.

Twelve thousand mailboxes on four hundred domains: a week of tallies, the attempts of
the last hour and what came back for them, on a real database; a tenth of the domains
comes back from a rest. The look is the daemon's own, minute by minute; beside it a
task of the same loop that wants to run every two milliseconds says how late it is.
"""

from __future__ import annotations

import asyncio
import gc
import time
from datetime import datetime, timedelta

import asyncpg

from outreachd.clock import RealClock
from outreachd.flow.controller import Controller
from outreachd.flow.pool import Pool
from outreachd.helm import load_pool
from outreachd.rules.health_rules import RULES
from outreachd.shift import LOOK_FOR_CYCLES_AFTER
from outreachd.store.database import Connection, Database
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.health import PgHealth
from outreachd.store.migrate import migrate

MAILBOXES, DOMAINS, ACCOUNTS, CLIENTS = 12_000, 400, 8, 20
TALLIES = (400_000, 3_000_000)  # a part of a week, and a week at forty a day
ATTEMPTS = 50_000  # of the last hour
LOOKS = 5
TICK_S = 0.002

FLEET = f"""
INSERT INTO client (name, share, postal_address, timezone)
SELECT 'client' || i, 1, 'Berlin', 'UTC' FROM generate_series(1, {CLIENTS}) i;
INSERT INTO account (name, kind, host, port, tls, auth, rate_per_second,
    max_connections, timezone)
SELECT 'relay' || i, 'smtp', '127.0.0.1', 2525, 'none', 'password', 100, 50, 'UTC'
FROM generate_series(1, {ACCOUNTS}) i;
INSERT INTO domain (name, account_ids, daily_limit, rate_per_minute, timezone)
SELECT 'd' || i || '.example', ARRAY[1 + i % {ACCOUNTS}], 10000, 600, 'UTC'
FROM generate_series(1, {DOMAINS}) i;
INSERT INTO mailbox (address, name, domain_id, daily_limit, hourly_limit, min_gap_s,
    jitter, workday_start_min, workday_end_min, timezone, signature, tags, auth)
SELECT 'b' || i || '@d' || 1 + i % {DOMAINS} || '.example', 'Box', 1 + i % {DOMAINS},
    1000, 1000, 10, 0, 0, 1440, 'UTC', '', '{{}}', 'password'
FROM generate_series(1, {MAILBOXES}) i;
INSERT INTO campaign (name, client_id, direction, share, pool, calendar, on_uncertain)
SELECT 'c' || i, i, 'sales', 1, '{{}}', '{{"days": "mon-sun", "hours": "00:00-24:00",
    "timezone": "UTC", "holidays": ""}}', 'hold'
FROM generate_series(1, {CLIENTS}) i;
INSERT INTO step (campaign_id, number, subject, body_text, delay, delay_unit)
SELECT id, 1, 'Hello', 'Hi.', 0, 'hours' FROM campaign;
"""  # noqa: S608 - our own numbers
# $1 rows, $2 now: spread over the week, over mailboxes and a thousand receivers.
TALLY = f"""
INSERT INTO tally (quarter, mailbox_id, account_id, client_id, receiver, source, sent,
    hard)
SELECT date_bin('15 minutes', $2::timestamptz, '2000-01-01Z')
        - (n / {MAILBOXES}) % 600 * interval '15 minutes',
    1 + n % {MAILBOXES}, 1 + (n % {DOMAINS} + 1) % {ACCOUNTS}, 1 + n % {CLIENTS},
    CASE WHEN n % 3 = 0 THEN 'google' WHEN n % 3 = 1 THEN 'outlook'
         ELSE 'r' || n % 1000 END, 'reply', 1, (n % 97 = 0)::int
FROM generate_series(1, $1::int) n
ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own numbers
# $1 attempts, $2 now: of the last hour, one in fifty bounced.
LETTERS = f"""
WITH people AS (
    INSERT INTO contact (client_id, email, consent_basis)
    SELECT 1 + n % {CLIENTS}, 'p' || n || '@r' || n % 1000 || '.example', 'asked'
    FROM generate_series(1, $1::int) n RETURNING id, client_id
), letters AS (
    INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, state, due_at,
        first_due_at, changed_at, mailbox_id, attempt_id, message_id, dated_at,
        letter_sha256)
    SELECT client_id, 1, id, id, 'sent', $2, $2, $2, 1 + id % {MAILBOXES},
        gen_random_uuid(), '<' || id || '@x>', $2, ''
    FROM people RETURNING id, mailbox_id, attempt_id, contact_id
), tried AS (
    INSERT INTO attempt (id, send_id, mailbox_id, account_id, domain_id, started_at,
        outcome, reason)
    SELECT l.attempt_id, l.id, l.mailbox_id, d.account_ids[1], d.id,
        $2::timestamptz - l.id % 3600 * interval '1 second', 'sent', 'delivered'
    FROM letters l JOIN mailbox m ON m.id = l.mailbox_id
    JOIN domain d ON d.id = m.domain_id
)
INSERT INTO notice (fingerprint, at, source, kind, class, send_id, evidence, action,
    acted_at)
SELECT sha256(id::text::bytea), $2, 'imap', 'dsn', 'hard_no_user', id, 'token',
    'suppressed', $2
FROM letters WHERE id % 50 = 0
"""  # noqa: S608 - our own numbers
# $1 now: one domain in ten comes back, and so do its mailboxes.
RETURNING = """
INSERT INTO health (kind, target_id, state, since, stage, relapses, fell_at, rule,
    fresh_since)
SELECT kind, id, 'tired', $1::timestamptz - interval '1 day', 2, 1,
    $1::timestamptz - interval '3 days', 'bench', $1::timestamptz - interval '2 days'
FROM (SELECT 'domain' AS kind, id FROM domain WHERE id % 10 = 0
      UNION ALL SELECT 'mailbox', id FROM mailbox WHERE domain_id % 10 = 0) x
"""


class Lateness:
    """How late a task of the loop is that has nothing to do."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def watch(self) -> None:
        """Look at the time, again and again."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(TICK_S)  # noqa: TID251 - the loop itself is measured
            late_s = time.perf_counter() - before - TICK_S
            self.worst_s = max(self.worst_s, late_s)


async def main() -> None:
    """Furnish, look, print; once more with more of the past."""
    postgres = await asyncio.to_thread(EmbeddedServer.temporary)
    try:
        connection = await asyncpg.connect(postgres.dsn(), command_timeout=600)
        now = RealClock().now()
        await connection.execute("SET statement_timeout = 0")
        await migrate(connection, RealClock())
        await connection.execute(FLEET)
        await connection.execute(LETTERS, ATTEMPTS, now)
        await connection.execute(RETURNING, now)
        database = await Database.open(postgres.dsn())
        try:
            pool = await load_pool(database, RealClock())
            gc.set_threshold(LOOK_FOR_CYCLES_AFTER)  # as a shift does
            gc.freeze()
            for rows in TALLIES:
                await connection.execute(TALLY, rows, now)
                await _settled(connection)
                await _measure(database, pool, now, rows)
        finally:
            await database.close(5.0)
            await connection.close()
    finally:
        await asyncio.to_thread(postgres.stop)


async def _settled(connection: Connection) -> None:
    for table in ("send", "attempt", "notice", "tally", "contact", "health"):
        await connection.execute(f"VACUUM ANALYZE {table}")


async def _measure(database: Database, pool: Pool, now: datetime, rows: int) -> None:
    book = PgHealth(database)
    controller = Controller(book, RULES)
    print(f"{MAILBOXES:,} mailboxes, {DOMAINS} domains, {rows:,} rows of tally")
    for look in range(LOOKS):
        late = Lateness()
        watching = asyncio.create_task(late.watch())
        begun = time.perf_counter()
        await controller.look(pool, now + look * timedelta(minutes=1), 0.0)
        took_s = time.perf_counter() - begun
        watching.cancel()
        print(
            f"  look {look + 1}: {took_s:.2f} s, loop {1000 * late.worst_s:.0f} ms late"
        )
