"""Connections that heal: what a borrower sees of restarts, freezes and failovers.

The faults are real ones, on servers of these tests' own: backends are terminated and
stopped, servers killed and demoted, listeners that never answer stand first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from asyncpg import exceptions as pg

from outreachd.clock import RealClock
from outreachd.rules.records import LedgerAwayError
from outreachd.store import hosts
from outreachd.store.database import (
    Connection,
    Database,
    DatabaseError,
    UnfitError,
    is_away,
    is_conflict,
)
from outreachd.store.embedded import EmbeddedServer
from tests.stopwatch import Stopwatch

CLOCK = RealClock()
TERMINATE_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


@pytest.fixture(scope="module")
def victim() -> Iterator[EmbeddedServer]:
    """Start a server that these tests may hurt."""
    server = EmbeddedServer.temporary()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def silent() -> AsyncIterator[int]:
    """Listen on a port, take connections, and never say a word."""
    asleep = asyncio.Event()

    async def stay_silent(_: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await asleep.wait()
        out.close()

    listener = await asyncio.start_server(stay_silent, "127.0.0.1", 0)
    yield listener.sockets[0].getsockname()[1]
    asleep.set()
    listener.close()
    await listener.wait_closed()


async def until_back(database: Database, limit_s: float) -> Any:
    """Ask until the database answers, in time; tell by which process."""
    watch = Stopwatch()
    while True:
        try:
            async with database.connection(2) as c:
                found = await c.fetchval("SELECT pg_backend_pid()")
            break
        except LedgerAwayError:
            await CLOCK.sleep(0.02)
    assert watch.seconds() < limit_s
    return found


async def until_gone(database: Database) -> None:
    """Ask until the database no longer answers."""
    while True:
        async with database.connection(2) as c:
            await c.fetchval("SELECT 1")


# --- telling errors apart ------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        pg.ConnectionDoesNotExistError("connection was closed"),
        pg.ConnectionFailureError("x"),
        pg.CannotConnectNowError("the database system is starting up"),
        pg.AdminShutdownError("terminating connection"),
        pg.CrashShutdownError("x"),
        pg.TooManyConnectionsError("x"),
        pg.DiskFullError("x"),
        pg.OutOfMemoryError("x"),
        pg.ReadOnlySQLTransactionError("x"),
        pg.QueryCanceledError("canceling statement due to statement timeout"),
        pg.IdleInTransactionSessionTimeoutError("x"),
        pg.PostgresIOError("x"),
        pg.TargetServerAttributeNotMatched("None of the hosts match"),
        pg.InterfaceError("cannot perform operation: connection is closed"),
        pg.InterfaceError("pool is closing"),
        pg.InterfaceError("connection has been released back to the pool"),
        pg.InternalClientError("cannot switch to state 11; another operation (2)"),
        ConnectionRefusedError(),
        ConnectionResetError(),
        FileNotFoundError(2, "no socket"),
        socket.gaierror(-2, "Name or service not known"),
        TimeoutError(),
    ],
)
def test_a_lost_database_is_recognised(error: Exception) -> None:
    """PG 46-54: whatever face an outage shows, it is one and the same thing."""
    assert is_away(error)
    assert not is_conflict(error)


@pytest.mark.parametrize(
    "error",
    [
        pg.SerializationError("x"),
        pg.DeadlockDetectedError("x"),
        pg.LockNotAvailableError("x"),
        pg.InvalidCachedStatementError("x"),
    ],
)
def test_a_conflict_is_not_an_outage(error: Exception) -> None:
    """PG 55: who was only in another's way keeps the connection and tries again."""
    assert is_conflict(error)
    assert not is_away(error)


@pytest.mark.parametrize(
    "error",
    [
        pg.UniqueViolationError("x"),
        pg.CheckViolationError("x"),
        pg.UndefinedTableError("x"),
        pg.FeatureNotSupportedError("x"),
        pg.DataError("invalid input for query argument $1: it is closed"),
        pg.InterfaceError("cannot perform operation: another operation is in progress"),
        ValueError("x"),
        KeyError("x"),
    ],
)
def test_bugs_and_refusals_are_not_an_outage(error: Exception) -> None:
    """What trying again cannot mend is never tried again."""
    assert not is_away(error)
    assert not is_conflict(error)


# --- opening, borrowing, closing -----------------------------------------------


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (asyncpg.DiskFullError("could not extend file"), "its disk is full: make room"),
        (asyncpg.TargetServerAttributeNotMatched("no host"), "it takes no writes"),
        (asyncpg.ReadOnlySQLTransactionError("cannot"), "it takes no writes"),
        (asyncpg.LockNotAvailableError("cancelled"), "somebody else locks"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
    ],
)
async def test_what_can_be_mended_is_said_in_words(
    db: Database, error: Exception, words: str
) -> None:
    """Who is woken reads what to look at, not the name of a class."""
    with pytest.raises(LedgerAwayError, match=words):
        async with db.connection():
            raise error


async def test_connections_carry_our_settings(database_url: str) -> None:
    """Every session has its limits and its name; JIT is off."""
    database = await Database.open(database_url, application_name="test")
    names = ("jit", "statement_timeout", "lock_timeout", "application_name", "timezone")
    async with database.connection() as c:
        found = [await c.fetchval(f"SHOW {name}") for name in names]
    assert found == ["off", "8s", "5s", "test", "UTC"]
    await database.close(5)


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("mysql://u:hunter2@h/d", "cannot be read"),
        ("postgresql://u:hunter2@x:y@h:hunter2/d", "cannot be read"),
    ],
)
async def test_an_unreadable_dsn_is_explained(dsn: str, says: str) -> None:
    """The error shows how to write a DSN, and nothing of the password."""
    with pytest.raises(DatabaseError, match=says) as caught:
        await Database.open(dsn)
    assert "hunter2" not in str(caught.value)


async def test_a_database_that_does_not_exist_is_told(
    pg_server: EmbeddedServer,
) -> None:
    """A mistyped name is a mistake in the settings, not an outage to wait for."""
    with pytest.raises(DatabaseError, match='"nowhere" does not exist'):
        await Database.open(pg_server.dsn("nowhere"))


async def test_an_absent_server_is_an_outage() -> None:
    """At the start too: whoever waits for the database waits for this error."""
    why = r"the database is away \(No such file or directory\)"
    with pytest.raises(LedgerAwayError, match=why):
        await Database.open("postgresql://u@/d?host=/nonexistent")


async def test_errors_of_statements_pass_unchanged(db: Database) -> None:
    """A violated constraint reaches its caller as itself; the connection lives on."""
    with pytest.raises(pg.UniqueViolationError):
        async with db.connection() as c:
            await c.execute("INSERT INTO lease (name) VALUES ('fleet')")
    async with db.connection() as c:
        assert await c.fetchval("SELECT 1") == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "a\0b"),
        ("text", "caf\udce9"),
        ("bigint", 1 << 63),
        ("bigint[]", [1 << 63]),
        ("timestamptz", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
        (
            "timestamptz",
            datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=9))),
        ),
    ],
)
async def test_what_no_row_can_hold_is_told_as_that(
    db: Database, kind: str, value: object
) -> None:
    """Whoever gave it made a mistake; it is no fault of ours and no outage."""
    with pytest.raises(UnfitError, match="that can be kept"):
        async with db.connection() as connection:
            await connection.fetchval(f"select $1::{kind}", value)


async def test_an_empty_pool_is_told_in_time(database_url: str) -> None:
    """Nobody waits for ever for a connection that others hold."""
    database = await Database.open(database_url, max_connections=1)
    async with database.connection():
        with pytest.raises(LedgerAwayError):
            async with database.connection(0.05):
                pass
    await database.close(5)


async def test_a_lock_timeout_is_tried_again_on_the_same_connection(
    db: Database,
) -> None:
    """PG 55: a conflict is worth another try, but no new connection."""
    process = 0

    async def impatient(c: Connection) -> None:
        nonlocal process
        process = await c.fetchval("SELECT pg_backend_pid()")
        await c.execute("SET lock_timeout = 10")
        await c.execute("SELECT * FROM lease")

    async with db.connection() as holder, holder.transaction():
        await holder.execute("LOCK TABLE lease")
        with pytest.raises(LedgerAwayError, match="somebody else locks"):
            async with db.connection() as c:
                await impatient(c)
        async with db.connection() as c:
            assert await c.fetchval("SELECT pg_backend_pid()") == process


async def test_cancelled_borrowers_leak_nothing(database_url: str) -> None:
    """After 200 cancelled statements all connections can still be borrowed."""
    database = await Database.open(database_url, max_connections=2)

    async def slow() -> None:
        async with database.connection() as c:
            await c.execute("SELECT pg_sleep(60)")

    for batch in range(20):
        tasks = [asyncio.create_task(slow()) for _ in range(10)]
        await CLOCK.sleep(0.001 * (batch % 5))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with database.connection() as one, database.connection() as two:
        assert await one.fetchval("SELECT 1") + await two.fetchval("SELECT 1") == 2
    await database.close(5)


async def test_closing_does_not_wait_for_ever(database_url: str) -> None:
    """A borrower who does not return is cut off at the limit."""
    database = await Database.open(database_url)
    async with database.connection() as c:
        watch = Stopwatch()
        await database.close(0.1)
        assert watch.seconds() < 1
        with pytest.raises(asyncpg.InterfaceError):
            await c.fetchval("SELECT 1")
    with pytest.raises(LedgerAwayError, match="pool is closed"):
        async with database.connection():
            pass


# --- faults --------------------------------------------------------------------


async def test_terminated_backends_lose_and_repeat_nothing(db: Database) -> None:
    """PG 46: all backends terminated 20 times under 8 writers; 400 rows, each once."""
    async with db.connection() as c:
        await c.execute("CREATE TABLE written (n int PRIMARY KEY)")

    async def write(numbers: range) -> None:
        for n in numbers:
            while True:
                try:
                    async with db.connection() as c:
                        await c.execute(
                            "INSERT INTO written VALUES ($1) ON CONFLICT DO NOTHING", n
                        )
                    break
                except LedgerAwayError:
                    await CLOCK.sleep(0.001)

    async def terminate() -> None:
        for _ in range(20):
            async with db.connection() as c:
                await c.execute(TERMINATE_OTHERS)
            await CLOCK.sleep(0.02)

    async def terminate_stubbornly() -> None:
        while True:
            try:
                return await terminate()
            except LedgerAwayError:
                await CLOCK.sleep(0.001)

    writers = [write(range(i * 50, i * 50 + 50)) for i in range(8)]
    await asyncio.gather(terminate_stubbornly(), *writers)
    async with db.connection() as c:
        assert await c.fetchval("SELECT count(*) FROM written") == 400


async def test_immediate_restarts_are_survived(victim: EmbeddedServer) -> None:
    """PG 47: work goes on within 5 s of each of 5; meanwhile calls fail at once."""
    database = await Database.open(victim.dsn())
    for _ in range(5):
        await until_back(database, 5)
        assert victim.pid
        os.kill(victim.pid, signal.SIGQUIT)
        with pytest.raises(LedgerAwayError):
            await until_gone(database)
        await asyncio.to_thread(victim.ensure_running)
    await until_back(database, 5)
    await database.close(5)


async def test_a_frozen_backend_is_left(database_url: str) -> None:
    """PG 49: it costs the command limit, here 1 s; another answers within 3 s."""
    database = await Database.open(database_url, command_limit_s=1.0)
    watch = Stopwatch()
    async with database.connection() as c:
        frozen = await c.fetchval("SELECT pg_backend_pid()")
    os.kill(frozen, signal.SIGSTOP)
    try:
        with pytest.raises(LedgerAwayError):
            async with database.connection() as c:
                await c.fetchval("SELECT 1")
        assert await until_back(database, 3) != frozen
        assert watch.seconds() < 3
        await database.close(5)
    finally:
        os.kill(frozen, signal.SIGCONT)


async def test_a_demoted_primary_is_left(
    victim: EmbeddedServer, pg_server: EmbeddedServer
) -> None:
    """PG 50: all connections, idle ones too, move to the host that takes writes."""
    directories = [s.dsn().partition("host=")[2] for s in (victim, pg_server)]
    sockets = ",".join(d.partition("&")[0] for d in directories)
    database = await Database.open(f"postgresql://postgres@/outreachd?host={sockets}")
    async with database.connection() as one, database.connection() as two:
        start = "SELECT pg_postmaster_start_time()"
        first = {await one.fetchval(start), await two.fetchval(start)}
    await demote(victim, "on")
    try:
        with pytest.raises(LedgerAwayError, match="takes no writes"):
            async with database.connection() as c:
                await c.execute("CREATE TABLE unwritable ()")
        async with database.connection() as one, database.connection() as two:
            now = {await one.fetchval(start), await two.fetchval(start)}
        assert len(first) == len(now) == 1
        assert first != now
    finally:
        await demote(victim, "off")
    await database.close(5)


async def demote(server: EmbeddedServer, state: str) -> None:
    """Make all sessions of a server read-only, or not, and wait until they are."""
    c = await asyncpg.connect(server.dsn())
    await c.execute("SET default_transaction_read_only = off")
    await c.execute(f"ALTER SYSTEM SET default_transaction_read_only = {state}")
    await c.execute("SELECT pg_reload_conf()")
    await c.execute("RESET default_transaction_read_only")
    while await c.fetchval("SHOW default_transaction_read_only") != state:
        await CLOCK.sleep(0.01)
    await c.close()


async def test_a_silent_first_host_costs_under_five_seconds(
    silent: int, tcp_url: str
) -> None:
    """PG 51: the second host is in use within 5 s; later connections lose no time."""
    dsn = tcp_url.replace("@", f"@127.0.0.1:{silent},")
    watch = Stopwatch()
    database = await Database.open(dsn)
    async with database.connection() as one:
        assert await one.fetchval("SELECT 1") == 1
        assert watch.seconds() < 5
        watch = Stopwatch()
        async with database.connection() as two:
            assert await two.fetchval("SELECT 1") == 1
        assert watch.seconds() < 1
    await database.close(5)


async def test_an_impatient_caller_does_not_meet_the_same_silence_twice(
    silent: int, tcp_url: str
) -> None:
    """PG 51: who waits less than a host's limit gets the next host the next time."""
    database = await Database.open(tcp_url)
    dialer = hosts.Dialer(
        hosts.parse_hosts(tcp_url.replace("@", f"@127.0.0.1:{silent},"))
    )
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await dialer(tcp_url)
    connection = await dialer(tcp_url)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    await database.close(5)


async def test_a_host_that_drops_packets_is_passed_over(
    tcp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PG 51: no answer even to SYN (a full backlog drops them): the same limit."""
    monkeypatch.setattr(hosts, "HOST_LIMIT_S", 1.5)
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (one, two):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        dsn = tcp_url.replace("@", f"@127.0.0.1:{full.getsockname()[1]},")
        database = await Database.open(dsn)
        async with database.connection() as c:
            assert await c.fetchval("SELECT 1") == 1
        await database.close(5)
