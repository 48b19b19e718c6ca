"""The laws of named statements, and the proof that each fits the real schema."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from outreachd.store import sql
from outreachd.store.database import Database


async def test_every_statement_can_be_prepared(db: Database) -> None:
    """A typo in SQL fails here, not at night: each is prepared on the real schema."""
    wrong = {}
    async with db.connection() as connection:
        for name in sorted(sql.NAMES):
            try:
                await connection.prepare(sql.text(name))
            except asyncpg.PostgresError as error:
                wrong[name] = str(error)
    assert wrong == {}


def test_statements_are_found_by_name_with_their_documentation(tmp_path: Path) -> None:
    """A statement is what stands between two headings, its comments included."""
    file = tmp_path / "a.sql"
    file.write_text(
        "-- the file\n-- name: one\n-- Says one.\nSELECT 1\n\n-- name: two\nSELECT 2"
    )
    assert sql.read_statements([file]) == {
        "one": "-- Says one.\nSELECT 1",
        "two": "SELECT 2",
    }


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    """Two files cannot quietly replace each other's statements."""
    files = [tmp_path / "a.sql", tmp_path / "b.sql"]
    for file in files:
        file.write_text("-- name: same\nSELECT 1\n")
    with pytest.raises(sql.StatementError, match=r"b\.sql: the name same is given"):
        sql.read_statements(files)


def test_a_name_without_a_statement_is_refused(tmp_path: Path) -> None:
    """A heading left over from an edit is noticed at the start."""
    file = tmp_path / "a.sql"
    file.write_text("-- name: empty\n-- Only words.\n")
    with pytest.raises(sql.StatementError, match="empty holds no statement"):
        sql.read_statements([file])
