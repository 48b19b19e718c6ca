"""Which database this is: judged before a shift begins, its epoch counted meanwhile.

The epoch goes up in the database first, then in the state directory (on the disk,
0600), so that the directory is never ahead of the database it has worked with. A
database that must be taken for a copy gets a pause on the whole fleet instead of an
epoch, and counts none until a person resumes the fleet. A file that cannot be
understood knows nothing.
Errors: LedgerAwayError; JournalError where the state directory cannot be written.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from outreachd.rules.identity import Identity, Kept, Server, why_doubted
from outreachd.rules.model import Kind
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.journal import JournalError
from outreachd.store.steering import note

log = structlog.get_logger()

FILE = "identity"
AUTHOR = "outreachd"
CONDITION = (
    "resume it only if this is the one to go on with, and nobody sends from another"
)


class PgIdentity:
    """A database's identity and what one state directory knows of it."""

    def __init__(self, database: Database, state: Path) -> None:
        self._database = database
        self._file = state / FILE
        self._turn = asyncio.Lock()

    async def begin(self, now: datetime) -> str | None:
        """Count an epoch; or pause the fleet of what may be a copy, and say why."""
        async with self._turn, self._database.connection() as connection:
            async with connection.transaction():
                identity, server = _read(await _row(connection))
                kept = self._kept()
                why = why_doubted(identity, server, kept)
                if why is not None:
                    seen = kept.epoch if kept and kept.id == identity.id else 0
                    await _doubt(connection, identity, seen, why, now)
                    return why
                row = await connection.fetchrow(sql.text("count_epoch"))
                assert row is not None  # it is not doubted
            await self._keep(Kept(row["id"], row["epoch"]))
        return None

    async def count(self) -> None:
        """Count an epoch more, so that a copy made from now on is known for older."""
        async with self._turn, self._database.connection() as connection:
            row = await connection.fetchrow(sql.text("count_epoch"))
            if row is not None:
                await self._keep(Kept(row["id"], row["epoch"]))

    async def follow(self) -> None:
        """Remember, as a standby, the epoch that somebody else has counted."""
        async with self._turn, self._database.connection() as connection:
            identity, server = _read(await _row(connection))
            kept = self._kept()
            now = Kept(identity.id, identity.epoch)
            if (
                identity.epoch > 0
                and kept != now
                and why_doubted(identity, server, kept) is None
            ):
                await self._keep(now)

    def _kept(self) -> Kept | None:
        with suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(self._file.read_bytes(), type=Kept)
        return None

    async def _keep(self, kept: Kept) -> None:
        try:
            await asyncio.to_thread(self._write, msgspec.json.encode(kept))
        except OSError as error:
            raise JournalError(
                f"{self._file} cannot be written ({error.strerror}): "
                f"repair the [state] directory."
            ) from error

    def _write(self, data: bytes) -> None:
        """Replace the file; on return the new one survives a power cut."""
        fresh = self._file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(self._file)
        directory = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


async def _row(connection: Connection) -> Mapping[str, Any]:
    row = await connection.fetchrow(sql.text("identity"))
    assert row is not None  # the schema put it there
    found: Mapping[str, Any] = row
    return found


def _read(row: Mapping[str, Any]) -> tuple[Identity, Server]:
    identity = Identity(
        id=row["id"],
        epoch=row["epoch"],
        used_on=Server(row["cluster"], row["timeline"]),
        is_doubted=row["is_doubted"],
    )
    return identity, Server(row["present_cluster"], row["present_timeline"])


async def _doubt(
    connection: Connection, identity: Identity, seen: int, why: str, now: datetime
) -> None:
    """Pause the fleet; what a person paused already keeps that person's reason."""
    await connection.execute(sql.text("doubt_identity"), seen)
    reason = f"{why}; {CONDITION}"
    if not identity.is_doubted:
        log.error("identity.doubted", why=why)
        await note(connection, now, AUTHOR, "doubt", {"reason": reason})
    await connection.execute(
        sql.text("keep_pause"), Kind.FLEET.value, 0, reason, AUTHOR, now
    )
    await connection.execute(sql.text("notify_pause"))
