"""Bringing the schema up to date: numbered files, each in one transaction, once.

Several processes may start at once: one applies, the others wait and find nothing to
do. An applied file is never changed (its SHA-256 is kept), and a database newer than
this program is refused: nothing is ever undone. The lock is polled, because a waiter
inside ``pg_advisory_lock`` holds a snapshot that CREATE INDEX CONCURRENTLY waits for.
Errors: SchemaError.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from outreachd.clock import Clock

if TYPE_CHECKING:
    from outreachd.store.database import Connection

DIRECTORY = Path(__file__).parent / "migrations"
LOCK = 0x6F75747265616368  # "outreach": the advisory lock of migrations
LOCK_POLL_S = 0.2
FILE_LIMIT_S = 3600.0  # a file may rebuild a large table

CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     bytea NOT NULL,
    applied_at timestamptz NOT NULL
)"""
TABLE_EXISTS = "SELECT to_regclass('schema_migration') IS NOT NULL"
APPLIED = "SELECT number, name, sha256 FROM schema_migration ORDER BY number"
REMEMBER = "INSERT INTO schema_migration VALUES ($1, $2, $3, $4)"
TRY_LOCK = "SELECT pg_try_advisory_lock($1)"
UNLOCK = "SELECT pg_advisory_unlock($1)"


class SchemaError(Exception):
    """The schema and this program do not belong together."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> bytes:
        """Tell what the file is known by once it is applied."""
        return hashlib.sha256(self.sql.encode()).digest()


def read_migrations(directory: Path = DIRECTORY) -> list[Migration]:
    """Read the files ``NNNN_name.sql`` in order."""
    files = sorted(directory.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [
        Migration(int(f.name[:4]), f.name, f.read_text(encoding="utf-8")) for f in files
    ]


async def pending(connection: Connection, directory: Path = DIRECTORY) -> list[str]:
    """Name the files that are still to be applied; SchemaError if none could be."""
    files = read_migrations(directory)
    if not await connection.fetchval(TABLE_EXISTS):
        return [file.name for file in files]
    return [file.name for file in await _missing(connection, files)]


async def migrate(
    connection: Connection, clock: Clock, directory: Path = DIRECTORY
) -> list[str]:
    """Apply what is pending and name it; wait while another process does so."""
    while not await connection.fetchval(TRY_LOCK, LOCK):
        await clock.sleep(LOCK_POLL_S)
    try:
        await connection.execute(CREATE_TABLE)
        missing = await _missing(connection, read_migrations(directory))
        for file in missing:
            await _apply(connection, clock, file)
    finally:
        if not connection.is_closed():
            await connection.fetchval(UNLOCK, LOCK)
    return [file.name for file in missing]


async def _missing(connection: Connection, files: list[Migration]) -> list[Migration]:
    known = {file.number: file for file in files}
    done: set[int] = set()
    for number, name, sha256 in await connection.fetch(APPLIED):
        file = known.get(number)
        if file is None:
            raise SchemaError(
                f"the database has {name}, which this outreachd does not know: "
                f"install the version that made it, or a newer one."
            )
        if file.sha256 != sha256:
            raise SchemaError(
                f"{file.name} was changed after it was applied to this database: "
                f"restore the file and put the change into a new one."
            )
        done.add(number)
    return [file for file in files if file.number not in done]


async def _apply(connection: Connection, clock: Clock, file: Migration) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(file.sql, timeout=FILE_LIMIT_S)
        mark = (file.number, file.name, file.sha256, clock.now())
        await connection.execute(REMEMBER, *mark)
