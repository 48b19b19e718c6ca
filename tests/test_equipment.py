"""The laws of what a daemon has for life: opened whole, closed whole, one each."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from outreachd.clock import RealClock
from outreachd.config import Database, Inbox, Settings, State
from outreachd.equipment import Equipment
from outreachd.rules.records import LedgerAwayError
from outreachd.store.journal import JournalError
from outreachd.telemetry import Metrics


async def opened(
    stack: AsyncExitStack, dsn: str, state: Path, inbox: Inbox | None = None
) -> Equipment:
    """Open the equipment of one daemon in a state directory."""
    settings = Settings(
        database=Database(), state=State(directory=state), inbox=inbox or Inbox()
    )
    return await Equipment.open(
        stack,
        settings,
        dsn,
        instance=uuid4(),
        clock=RealClock(),
        house=RealClock(),
        metrics=Metrics(),
    )


async def test_closing_leaves_nothing_open(database_url: str, tmp_path: Path) -> None:
    """After the stack the database answers nobody, and the directory is free again."""
    async with AsyncExitStack() as stack:
        equipment = await opened(stack, database_url, tmp_path / "state")
        async with equipment.database.connection() as connection:
            assert await connection.fetchval("SELECT 1") == 1
    with pytest.raises(LedgerAwayError):
        async with equipment.database.connection():
            pass
    async with AsyncExitStack() as stack:
        await opened(stack, database_url, tmp_path / "state")


async def test_one_state_directory_has_one_daemon(
    database_url: str, tmp_path: Path
) -> None:
    """Fault 81: a second one would write into the same journal; it does not start."""
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await opened(first, database_url, tmp_path)
        with pytest.raises(JournalError, match="another outreachd"):
            await opened(second, database_url, tmp_path)


async def test_who_reads_no_mail_has_neither_reader_nor_letterbox(
    database_url: str, tmp_path: Path
) -> None:
    """Switched off, nothing of the inbox is made; switched on, both are."""
    for enabled in (False, True):
        async with AsyncExitStack() as stack:
            equipment = await opened(
                stack, database_url, tmp_path, Inbox(enabled=enabled)
            )
            assert (equipment.reader(stack) is not None) == enabled
            assert (equipment.letterbox() is not None) == enabled
