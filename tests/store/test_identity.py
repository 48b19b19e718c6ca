"""The laws of identity in a real PostgreSQL: copies start paused, all else goes on."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import asyncpg
import pytest

from outreachd.clock import RealClock
from outreachd.rules.model import Kind
from outreachd.store.binaries import find_binaries, server_user
from outreachd.store.database import Database
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.identity import FILE, PgIdentity
from outreachd.store.journal import JournalError
from outreachd.store.migrate import migrate
from outreachd.store.roster import read_pauses
from outreachd.store.steering import PgSteering
from tests.store.seed import NOW


async def reasons(db: Database) -> list[str]:
    """Tell why the fleet is paused."""
    async with db.connection() as connection:
        pauses = await read_pauses(connection, NOW)
    return [pause.reason for pause in pauses if pause.kind is Kind.FLEET]


async def epoch(db: Database) -> int:
    async with db.connection() as connection:
        found: int = await connection.fetchval("SELECT epoch FROM identity")
    return found


def state_of(tmp_path: Path, name: str) -> Path:
    state = tmp_path / name
    state.mkdir()
    return state


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Database]:
    database = await Database.open(dsn)
    try:
        yield database
    finally:
        await database.close(1.0)


async def test_each_beginning_counts_an_epoch_here_and_there(
    db: Database, tmp_path: Path
) -> None:
    """First start, restart and a standby with a directory of its own go on."""
    state = state_of(tmp_path, "a")
    for _ in range(2):
        assert await PgIdentity(db, state).begin(NOW) is None
    assert await PgIdentity(db, state_of(tmp_path, "b")).begin(NOW) is None
    assert await epoch(db) == 3
    assert await reasons(db) == []
    assert (state / FILE).stat().st_mode & 0o777 == 0o600


async def test_an_older_copy_is_paused_until_it_is_resumed(
    db: Database, tmp_path: Path
) -> None:
    """The state directory has seen more than the database knows; a person decides."""
    identity = PgIdentity(db, state_of(tmp_path, "a"))
    assert await identity.begin(NOW) is None
    for _ in range(3):
        await identity.count()
    async with db.connection() as connection:  # as a backup of an hour ago has it
        await connection.execute("UPDATE identity SET epoch = 1")
    for _ in range(2):
        assert await identity.begin(NOW)
        await identity.count()
    assert await epoch(db) == 1
    [reason] = await reasons(db)
    assert "older copy: epoch 1, and this state directory has seen epoch 4" in reason

    await PgSteering(db).resume(Kind.FLEET, "", "ann", NOW)
    assert await reasons(db) == []
    assert await identity.begin(NOW) is None
    assert await epoch(db) > 4


async def test_a_persons_own_pause_keeps_its_reason(
    db: Database, tmp_path: Path
) -> None:
    """A doubt adds a stop where there is none, and takes the end off one that ends."""
    identity = PgIdentity(db, state_of(tmp_path, "a"))
    async with db.connection() as connection:
        await connection.execute("UPDATE identity SET is_doubted = true")
    soon = NOW + timedelta(hours=1)
    await PgSteering(db).pause(Kind.FLEET, "", "breach", soon, "ann", NOW)
    assert await identity.begin(NOW)
    assert await reasons(db) == ["breach"]
    async with db.connection() as connection:
        [pause] = await read_pauses(connection, soon)
    assert pause.until is None


async def test_a_standby_remembers_what_it_has_seen(
    db: Database, tmp_path: Path
) -> None:
    """After a failover that lost epochs, and sends with them, the standby knows."""
    active = PgIdentity(db, state_of(tmp_path, "a"))
    standby = PgIdentity(db, state_of(tmp_path, "b"))
    await standby.follow()
    assert not (tmp_path / "b" / FILE).exists()  # nothing was ever begun
    await active.begin(NOW)
    await active.count()
    await standby.follow()
    async with db.connection() as connection:
        await connection.execute("UPDATE identity SET epoch = epoch - 1")
    await standby.follow()  # does not forget
    assert "older copy" in (await standby.begin(NOW) or "")


async def test_a_file_nobody_understands_knows_nothing(
    db: Database, tmp_path: Path
) -> None:
    """It is written anew at the next beginning."""
    state = state_of(tmp_path, "a")
    (state / FILE).write_text("{")
    assert await PgIdentity(db, state).begin(NOW) is None
    assert (state / FILE).read_text().startswith('{"id":')


async def test_a_directory_that_cannot_be_written_is_said(
    db: Database, tmp_path: Path
) -> None:
    """Nothing may be sent that could not be told from a copy later."""
    with pytest.raises(JournalError, match="repair the"):
        await PgIdentity(db, tmp_path / "missing").begin(NOW)


async def test_a_copy_beside_the_original_is_paused(
    db: Database, database_url: str, pg_admin: asyncpg.Connection[Any], tmp_path: Path
) -> None:
    """The same server and the same id, but another database: the original goes on."""
    state = state_of(tmp_path, "a")
    await PgIdentity(db, state).begin(NOW)
    async with db.connection() as connection:
        name = await connection.fetchval("SELECT current_database()")
    await db.close(1.0)
    await pg_admin.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
    dsn = database_url.replace(name, f"{name}_copy")
    async with opened(dsn) as copy:
        for directory in (state, state_of(tmp_path, "b")):
            assert "is a copy" in (await PgIdentity(copy, directory).begin(NOW) or "")
        [reason] = await reasons(copy)
        assert reason.endswith("and nobody sends from another")
    async with opened(database_url) as original:
        assert await PgIdentity(original, state).begin(NOW) is None
    await pg_admin.execute(f"DROP DATABASE {name}_copy WITH (FORCE)")


# --- other servers --------------------------------------------------------------------


@contextmanager
def home() -> Iterator[Path]:
    """Give a directory that the server's user may enter, for data directories."""
    found, user = Path(mkdtemp(prefix="outreachd-", dir="/tmp")), server_user(Path())
    shutil.chown(found, user.uid, user.gid)
    try:
        yield found
    finally:
        shutil.rmtree(found)


@contextmanager
def server(data: Path) -> Iterator[EmbeddedServer]:
    running = EmbeddedServer.start(data, durable=False)
    try:
        yield running
    finally:
        running.stop()


async def used(running: EmbeddedServer, state: Path) -> None:
    """Migrate a server's database and begin a shift on it."""
    connection = await asyncpg.connect(running.dsn())
    await migrate(connection, RealClock())
    await connection.close()
    async with opened(running.dsn()) as database:
        assert await PgIdentity(database, state).begin(NOW) is None


async def promoted_to_primary(running: EmbeddedServer) -> None:
    """Wait until a server has left recovery: it takes readers before, and no writes."""
    connection = await asyncpg.connect(running.dsn())
    async with asyncio.timeout(30.0):
        while await connection.fetchval("SELECT pg_is_in_recovery()"):
            await RealClock().sleep(0.02)
    await connection.close()


async def judged(running: EmbeddedServer, state: Path) -> str | None:
    async with opened(running.dsn()) as database:
        return await PgIdentity(database, state).begin(NOW)


def run(command: Sequence[Path | str], given: bytes = b"") -> bytes:
    """Run a program of PostgreSQL, give what it prints."""
    done = subprocess.run(command, input=given, check=True, capture_output=True)
    return done.stdout


def copy(data: Path, to: Path) -> None:
    """Copy a data directory with its owners, as a base backup does."""
    subprocess.run(["cp", "-a", data, to], check=True)


async def test_a_dump_restored_on_another_server_is_paused(
    pg_server: EmbeddedServer, tmp_path: Path
) -> None:
    """pg_dump and psql; with the old state directory and with a new one."""
    states = state_of(tmp_path, "a"), state_of(tmp_path, "b")
    with home() as directory:
        with server(directory / "one") as one:
            await used(one, states[0])
            programs = find_binaries(directory / "one", server_user(Path()))
            dumped = await asyncio.to_thread(run, [programs / "pg_dump", one.dsn()])
        with server(directory / "two") as two:
            psql: list[Path | str] = [
                programs / "psql",
                "-qX",
                "-v",
                "ON_ERROR_STOP=1",
                two.dsn(),
            ]
            await asyncio.to_thread(run, psql, dumped)
            for state in states:
                assert "another PostgreSQL server" in (await judged(two, state) or "")


async def test_a_data_directory_put_back_is_paused_and_a_failover_is_not(
    tmp_path: Path,
) -> None:
    """An older copy shows by its epoch; a promoted one goes on for who followed it."""
    state, standby = state_of(tmp_path, "a"), state_of(tmp_path, "b")
    stranger = state_of(tmp_path, "c")
    with home() as directory:
        with server(directory / "one") as one:
            await used(one, state)
        copy(directory / "one", directory / "old")
        with server(directory / "one") as one:
            assert await judged(one, state) is None
            async with opened(one.dsn()) as database:
                await PgIdentity(database, standby).follow()
        with server(directory / "old") as old:
            assert "older copy" in (await judged(old, state) or "")

        copy(directory / "one", directory / "promoted")
        (directory / "promoted" / "recovery.signal").touch()
        with (directory / "promoted" / "postgresql.auto.conf").open("a") as settings:
            settings.write("restore_command = 'false'\n")
        with server(directory / "promoted") as promoted:
            await promoted_to_primary(promoted)
            assert "promoted" in (await judged(promoted, stranger) or "")
            async with opened(promoted.dsn()) as database:
                await PgSteering(database).resume(Kind.FLEET, "", "ann", NOW)
            assert await judged(promoted, standby) is None
