"""The laws of migrating from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outreachd.commands.migrate import migrate
from outreachd.store.database import Database
from outreachd.store.migrate import pending


async def test_what_is_pending_is_applied_and_named_and_twice_is_once(
    config: Path, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty database becomes ours; a second run has nothing to do."""
    async with db.connection() as connection:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        names = await pending(connection)
    await migrate(config, True)
    assert json.loads(capsys.readouterr().out) == {"applied": names}
    await migrate(config, True)
    assert json.loads(capsys.readouterr().out) == {"applied": []}
    async with db.connection() as connection:
        assert await pending(connection) == []


async def test_people_read_names_or_that_all_is_done(
    config: Path, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a migration, or a word that there is none."""
    await migrate(config, False)
    assert capsys.readouterr().out == "up to date\n"
    async with db.connection() as connection:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await migrate(config, False)
    assert capsys.readouterr().out.startswith("applied 0001")
