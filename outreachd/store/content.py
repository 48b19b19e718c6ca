"""Attachments and one-off letters as the database keeps them.

An attachment is kept once, by its digest, however many letters it goes with; a row
names it, put in the same transaction. Nothing is deleted here: ``forgetting`` does,
when nothing needs it any more. Errors: LedgerAwayError from the connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from outreachd.rules.model import Attachment
from outreachd.rules.records import OneOff
from outreachd.store import sql
from outreachd.store.database import Connection, Database

# Seconds a statement may take that carries files.
FILES_LIMIT_S = 60.0

attachments_of = msgspec.json.Decoder(tuple[Attachment, ...]).decode
_variables = msgspec.json.Decoder(dict[str, str]).decode


class PgContents:
    """Contents for the letters of one daemon."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one_off(self, id: int) -> OneOff | None:
        """Read a one-off letter."""
        async with self._database.connection() as connection:
            return await read_one_off(connection, id)

    async def attachments(self, digests: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Read what is in attachments; what is not kept is left out."""
        async with self._database.connection() as connection:
            return await read_attachments(connection, digests)


async def read_attachments(
    connection: Connection, digests: Sequence[bytes]
) -> dict[bytes, bytes]:
    """Read what is in attachments; what is not kept is left out."""
    rows = await connection.fetch(
        sql.text("attachments"), list(digests), timeout=FILES_LIMIT_S
    )
    return {row["sha256"]: row["content"] for row in rows}


async def put_attachments(connection: Connection, contents: Sequence[bytes]) -> None:
    """Keep what is in attachments, each once."""
    for content in contents:
        await connection.execute(
            sql.text("put_attachment"),
            hashlib.sha256(content).digest(),
            content,
            timeout=FILES_LIMIT_S,
        )


async def read_one_off(connection: Connection, id: int) -> OneOff | None:
    """Read a one-off letter."""
    row = await connection.fetchrow(sql.text("one_off"), id)
    if row is None:
        return None
    return OneOff(
        subject=row["subject"],
        text=row["body_text"],
        html=row["body_html"],
        variables=_variables(row["variables"]),
        attachments=attachments_of(row["attachments"]),
    )


async def put_one_off(
    connection: Connection, letter: OneOff, *, author: str, now: datetime
) -> int:
    """Keep a one-off letter whose attachments are kept already; tell its id."""
    id: int = await connection.fetchval(
        sql.text("put_one_off"),
        letter.subject,
        letter.text,
        letter.html,
        msgspec.json.encode(letter.variables).decode(),
        msgspec.json.encode(letter.attachments).decode(),
        author,
        now,
    )
    return id
