"""How long a report takes over a million letters.

A real database with a month of letters, what came back for one in ten, and every way to
ask. Nothing is cached by us; the first of each question is printed, and the second.
"""

from __future__ import annotations

import time
from datetime import timedelta

from outreachd.clock import RealClock
from outreachd.rules.figures import By, total
from outreachd.store.database import Database
from outreachd.store.figures import Asked, read_figures
from tests.bench.stage import stage

LETTERS = 1_000_000
SENT = """
UPDATE send s SET state = 'sent', attempt_id = gen_random_uuid(),
    mailbox_id = 1 + id % 1200, message_id = '<' || id || '@x>', letter_sha256 = '',
    dated_at = $1::timestamptz - (id % 43200) * interval '1 minute',
    changed_at = $1::timestamptz - (id % 43200) * interval '1 minute'
"""
TRIED = """
INSERT INTO attempt (id, send_id, mailbox_id, account_id, domain_id, started_at,
    outcome)
SELECT s.attempt_id, s.id, s.mailbox_id, 1, m.domain_id, s.dated_at, 'sent'
FROM send s JOIN mailbox m ON m.id = s.mailbox_id ORDER BY s.dated_at
"""
CAME_BACK = """
WITH bounced AS (
    INSERT INTO notice (fingerprint, at, source, kind, class, send_id, evidence,
        action)
    SELECT sha256(id::text::bytea), dated_at, 'imap', 'dsn', 'hard_no_user', id,
        'token', 'suppressed'
    FROM send WHERE id % 50 = 0)
INSERT INTO event (contact_id, send_id, what, source, author, at)
SELECT contact_id, id, 'answered', 'imap', 'outreachd', dated_at
FROM send WHERE id % 12 = 1
"""


async def main() -> None:
    """Furnish, ask, print."""
    async with stage(mailboxes=1200, letters=LETTERS) as made:
        database = await Database.open(made.dsn)
        try:
            now = RealClock().now()
            async with database.connection() as connection:
                await connection.execute("SET statement_timeout = 0")
                for statement in (SENT, TRIED, CAME_BACK):
                    arguments = (now,) if "$1" in statement else ()
                    await connection.execute(statement, *arguments, timeout=600)
                for table in ("send", "attempt", "notice", "event"):
                    await connection.execute(f"VACUUM ANALYZE {table}", timeout=600)
            for by in By:
                asked = Asked(by=by, since=now - timedelta(days=30), until=now)
                took, figures = [], []
                for _ in range(2):
                    begun = time.perf_counter()
                    figures = await read_figures(database, asked)
                    took.append(time.perf_counter() - begun)
                print(
                    f"report by {by.value}: {total(figures).sent:,} letters in "
                    f"{len(figures)} rows: {took[0]:.2f} s, again {took[1]:.2f} s"
                )
        finally:
            await database.close(5.0)
