"""The laws of kept content: a file once, a one-off letter whole."""

from __future__ import annotations

import hashlib

from outreachd.rules.attachment import attachment
from outreachd.rules.records import OneOff
from outreachd.store.content import PgContents, put_attachments, put_one_off
from outreachd.store.database import Database
from tests.store.seed import NOW

PDF = b"%PDF-1.7 offer"


async def test_a_file_is_kept_once_and_read_back(db: Database) -> None:
    """However often it is put; what is not there is left out."""
    async with db.connection() as connection:
        await put_attachments(connection, [PDF, PDF])
        await put_attachments(connection, [PDF])
        n = await connection.fetchval("SELECT count(*) FROM attachment")
    digest = hashlib.sha256(PDF).digest()
    assert n == 1
    assert await PgContents(db).attachments([digest, b"x" * 32]) == {digest: PDF}


async def test_a_one_off_letter_is_read_back_whole(db: Database) -> None:
    """With its values and the descriptions of its files."""
    letter = OneOff(
        subject="Grüße {{ a }}",
        text="t",
        html="<p>t</p>",
        variables={"a": "ä\n"},
        attachments=(attachment("Über.pdf", PDF),),
    )
    async with db.connection() as connection:
        id = await put_one_off(connection, letter, author="ann", now=NOW)
    assert await PgContents(db).one_off(id) == letter
    assert await PgContents(db).one_off(id + 1) is None
