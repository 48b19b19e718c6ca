"""The schema moves forward only, once, whoever starts it and however often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from outreachd.clock import RealClock
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.migrate import LOCK, SchemaError, migrate, pending

CLOCK = RealClock()
Connect = Callable[[], Any]


@pytest_asyncio.fixture
async def connect(
    pg_server: EmbeddedServer, pg_admin: asyncpg.Connection[Any]
) -> AsyncIterator[Connect]:
    """Give a function that connects to one empty, unmigrated database."""
    await pg_admin.execute("CREATE DATABASE bare")
    opened: list[asyncpg.Connection[Any]] = []

    async def connect() -> asyncpg.Connection[Any]:
        opened.append(await asyncpg.connect(pg_server.dsn("bare")))
        return opened[-1]

    yield connect
    for connection in opened:
        await connection.close()
    await pg_admin.execute("DROP DATABASE bare WITH (FORCE)")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (a int); SELECT 1;")
    (tmp_path / "0002_two.sql").write_text("CREATE TABLE two (b int)")
    return tmp_path


async def test_files_are_applied_in_order_and_once(
    connect: Connect, directory: Path
) -> None:
    """What is pending is named before, applied, and not pending after."""
    c = await connect()
    names = ["0001_one.sql", "0002_two.sql"]
    assert await pending(c, directory) == names
    assert await migrate(c, CLOCK, directory) == names
    assert await pending(c, directory) == []
    assert await migrate(c, CLOCK, directory) == []


async def test_the_real_schema_is_complete(connect: Connect) -> None:
    """The shipped files build an empty database up, with nothing left pending."""
    c = await connect()
    assert await migrate(c, CLOCK) != []
    assert await pending(c) == []


async def test_three_starting_at_once_apply_each_file_once(
    connect: Connect, directory: Path
) -> None:
    """Of three daemons one migrates, two wait, none fails."""
    connections = [await connect() for _ in range(3)]
    done = await asyncio.gather(*(migrate(c, CLOCK, directory) for c in connections))
    assert sorted(map(len, done)) == [0, 0, 2]


async def test_a_waiter_sleeps_on_the_clock_it_was_given(
    connect: Connect, directory: Path
) -> None:
    """While another holds the lock a daemon polls, and goes on when it is free."""
    holder, waiter = await connect(), await connect()
    await holder.execute("SELECT pg_advisory_lock($1)", LOCK)

    class Clock(RealClock):
        async def sleep(self, seconds: float) -> None:
            await holder.execute("SELECT pg_advisory_unlock_all()")

    assert len(await migrate(waiter, Clock(), directory)) == 2


async def test_a_failing_file_leaves_nothing_behind(
    connect: Connect, directory: Path
) -> None:
    """A file is applied whole or not at all; those before it stay; the lock is free."""
    (directory / "0002_two.sql").write_text("CREATE TABLE two (b int); SELECT nonsense")
    c = await connect()
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(c, CLOCK, directory)
    assert await c.fetchval("SELECT to_regclass('two')") is None
    assert await pending(c, directory) == ["0002_two.sql"]
    assert await (await connect()).fetchval("SELECT pg_try_advisory_lock($1)", LOCK)


async def test_a_changed_file_is_refused(connect: Connect, directory: Path) -> None:
    """History is not rewritten: the error names the file and what to do."""
    c = await connect()
    await migrate(c, CLOCK, directory)
    (directory / "0001_one.sql").write_text("CREATE TABLE one (a bigint)")
    with pytest.raises(SchemaError, match=r"0001_one.sql was changed after"):
        await migrate(c, CLOCK, directory)


async def test_a_newer_schema_is_refused(connect: Connect, directory: Path) -> None:
    """PG 58: an old program does not touch the tables of a newer one."""
    c = await connect()
    await migrate(c, CLOCK, directory)
    (directory / "0002_two.sql").unlink()
    for call in (pending(c, directory), migrate(c, CLOCK, directory)):
        with pytest.raises(SchemaError, match=r"has 0002_two.sql, which this"):
            await call
