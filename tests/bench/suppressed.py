"""What a suppression list of a million entries costs a letter, and an opt-out.

The real claim and the real intent statement on connections as the daemon has them,
with an empty list, a million entries, and as many wildcards as are allowed on top.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from outreachd.clock import RealClock
from outreachd.rules.records import Charge, Queue, Want
from outreachd.rules.suppression import MAX_GLOBS
from outreachd.store.database import Connection, Database
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.ledger import PgLedger
from outreachd.store.migrate import migrate
from outreachd.store.suppressions import PgSuppressions
from tests.store.seed import NOW, intent, owner_of, seed_fleet

MANY = 1_000_000
LETTERS = 4_000  # of each measurement
BATCH = 100
LEAVERS = 200

PEOPLE = """
WITH people AS (
    INSERT INTO contact (client_id, email, consent_basis)
    SELECT 1, 'p' || n || '@d' || n % 500 || '.mail.example', 'asked'
    FROM generate_series(1, $1::int) n RETURNING id
), enrolled AS (
    INSERT INTO enrolment (campaign_id, contact_id) SELECT 1, id FROM people
    RETURNING id, contact_id
)
INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, due_at,
                  first_due_at, changed_at)
SELECT 1, 1, contact_id, id, $2, $2, $2 FROM enrolled ORDER BY id
"""
ENTRIES = """
INSERT INTO suppression (target, form, reason, source, author, at)
SELECT CASE n % 50 WHEN 0 THEN '@x' || n || '.example'
                   WHEN 1 THEN '*.x' || n || '.example'
                   ELSE 'q' || n || '@d' || n % 1000 || '.other.example' END,
    CASE n % 50 WHEN 0 THEN 'domain' WHEN 1 THEN 'below' ELSE 'address' END,
    'opt_out', 'list', 'bench', now()
FROM generate_series(1, $1::int) n
"""
GLOBS = """
INSERT INTO suppression (target, form, reason, source, author, at)
SELECT '*bot' || n || '@x.example', 'glob', 'robots', 'list', 'bench', now()
FROM generate_series(1, $1::int) n
"""
Made = TypeVar("Made")


async def main() -> None:
    """Measure the three lists on one database."""
    server = EmbeddedServer.temporary()
    try:
        db = await Database.open(server.dsn("postgres"), command_limit_s=600.0)
        hot = await Database.open(server.dsn("postgres"), hot=True)
        async with db.connection() as connection:
            await migrate(connection, RealClock())
            await seed_fleet(connection, mailboxes=50)
            await fill(connection, PEOPLE, LETTERS * 3, NOW)
        ledger, term, _ = await owner_of(hot, 3600)
        await measure("nobody", ledger, term, db)
        for name, statement, n in (
            (f"{MANY} entries", ENTRIES, MANY),
            (f"and {MAX_GLOBS} wildcards", GLOBS, MAX_GLOBS),
        ):
            async with db.connection() as connection:
                await fill(connection, statement, n)
            await measure(name, ledger, term, db)
        await hot.close(5)
        await db.close(5)
    finally:
        server.stop()


async def fill(connection: Connection, statement: str, *values: object) -> None:
    """Let the database make rows, however long it takes."""
    await connection.execute("SET statement_timeout = 0")
    await connection.execute(statement, *values)
    await connection.execute("ANALYZE")


async def measure(name: str, ledger: PgLedger, term: int, db: Database) -> None:
    """Claim and begin some thousands of letters, let some people leave, tell."""
    claims, intents = [], []
    for _ in range(LETTERS // BATCH):
        wants = [Want(Queue(1, ""), BATCH)]
        spent, rows = await timed(lambda: ledger.claim(wants, term=term, now=NOW))  # noqa: B023
        claims.append(spent / BATCH)
        plenty = (Charge(NOW.date(), MANY),) * 4
        batch = [intent(claim, charges=plenty) for _, claim in rows]
        spent, said = await timed(lambda: ledger.begin(batch, term=term))  # noqa: B023
        intents.append(spent / BATCH)
        assert set(said) == {"granted"}
    store, leaving = PgSuppressions(db), []
    async with db.connection() as connection:
        ids = await connection.fetch(
            "SELECT e.id FROM enrolment e WHERE NOT EXISTS (SELECT FROM suppression x"
            " JOIN contact c ON c.email = x.target WHERE c.id = e.contact_id)"
            " ORDER BY e.id LIMIT $1",
            LEAVERS,
        )
    for row in ids:
        id, now = row["id"], datetime.now(UTC)  # noqa: TID251 - a bench
        spent, _ = await timed(lambda: store.opt_out(id, "page", now))  # noqa: B023
        leaving.append(spent)
    print(
        f"{name}: a letter's claim {middle(claims) * 1e6:.0f} us, its intent "
        f"{middle(intents) * 1e6:.0f} us; an opt-out {middle(leaving) * 1e3:.1f} ms"
    )


async def timed(work: Callable[[], Awaitable[Made]]) -> tuple[float, Made]:
    """Do something and tell the seconds it took."""
    began = time.perf_counter()
    made = await work()
    return time.perf_counter() - began, made


def middle(seconds: list[float]) -> float:
    """Tell the median, the first few left out: they plan."""
    return statistics.median(seconds[3:])
