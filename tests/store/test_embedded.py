"""The embedded server: it comes up, stays up, and goes with us, whatever happens."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from outreachd.clock import RealClock
from outreachd.store import datadir, embedded
from outreachd.store.binaries import EmbeddedError, find_binaries, server_user
from outreachd.store.embedded import EmbeddedServer

CLOCK = RealClock()


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a directory that nobody else may enter, but the server's user can."""
    home = Path("/tmp", f"outreachd-test-{os.getpid()}")
    home.mkdir(mode=0o711)
    home.chmod(0o711)  # whatever our umask is
    yield home
    shutil.rmtree(home)


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer.start(home / "state" / "postgres", durable=False)
    yield server
    server.stop()


async def ask(server: EmbeddedServer, question: str) -> Any:
    """Ask one thing on a connection of its own."""
    connection = await asyncpg.connect(server.dsn())
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def until(condition: Any) -> None:
    """Wait until a condition of other processes holds; the test's limit ends it."""
    while not condition():
        await CLOCK.sleep(0.02)


async def test_data_outlive_the_server(home: Path) -> None:
    """Stopped and started again on the same directory, everything is there."""
    data = home / "postgres"
    for run in range(2):
        server = await asyncio.to_thread(EmbeddedServer.start, data, durable=False)
        if run == 0:
            await ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
        assert await ask(server, "SELECT n FROM kept") == 42
        await asyncio.to_thread(server.stop)
        assert datadir.pid_file(data) == []


async def test_real_data_are_durable(home: Path) -> None:
    """Without asking otherwise fsync, full pages and synchronous commit are on."""
    server = await asyncio.to_thread(EmbeddedServer.start, home / "postgres")
    names = ("fsync", "full_page_writes", "synchronous_commit")
    assert [await ask(server, f"SHOW {name}") for name in names] == ["on"] * 3
    await asyncio.to_thread(server.stop)


async def test_only_its_user_can_come_near(server: EmbeddedServer) -> None:
    """No TCP port is open, and the socket's directory is closed to others."""
    assert await ask(server, "SHOW listen_addresses") == ""
    sockets = await ask(server, "SHOW unix_socket_directories")
    assert Path(sockets).stat().st_mode & 0o777 == 0o700
    assert server.data.stat().st_uid == server_user(server.data).uid != 0


async def test_a_deep_state_directory_is_no_obstacle(home: Path) -> None:
    """A path too long for a socket gets its socket elsewhere, removed at the end."""
    data = home / ("deep" * 12) / ("deeper" * 12) / "postgres"
    server = await asyncio.to_thread(EmbeddedServer.start, data, durable=False)
    sockets = Path(await ask(server, "SHOW unix_socket_directories"))
    assert sockets.stat().st_mode & 0o777 == 0o700
    await asyncio.to_thread(server.stop)
    assert data.exists()
    assert not sockets.exists()


async def test_temporary_data_vanish(pg_server: EmbeddedServer) -> None:
    """The demo and the tests leave nothing behind."""
    server = await asyncio.to_thread(EmbeddedServer.temporary)
    assert await ask(server, "SELECT 1") == 1
    assert server.data.parent != pg_server.data.parent
    await asyncio.to_thread(server.stop)
    assert not server.data.parent.exists()


async def test_a_second_process_attaches_and_leaves_it_running(
    server: EmbeddedServer,
) -> None:
    """A command beside the daemon uses its server; the command's end is not its end."""
    other = await asyncio.to_thread(EmbeddedServer.start, server.data)
    assert (server.owner, other.owner) == (True, False)
    assert other.dsn() == server.dsn()
    assert other.pid == server.pid
    await asyncio.to_thread(other.stop)
    assert await ask(server, "SELECT 1") == 1


async def test_who_was_attached_takes_over(server: EmbeddedServer) -> None:
    """When the owner has gone, the one that is left starts the server for itself."""
    other = await asyncio.to_thread(EmbeddedServer.start, server.data, durable=False)
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(other.ensure_running)
    assert other.owner
    assert await ask(other, "SELECT 1") == 1
    await asyncio.to_thread(other.stop)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT])
async def test_a_dead_server_is_started_again(
    server: EmbeddedServer, how: signal.Signals
) -> None:
    """PG 47: a killed server leaves a stale postmaster.pid; what it said stays true."""
    await ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
    await ask(server, "CHECKPOINT")
    dead, dsn = server.pid, server.dsn()
    assert dead
    os.kill(dead, how)
    await until(lambda: not datadir.is_ready(server.data))
    await asyncio.to_thread(server.ensure_running)
    assert server.pid != dead
    assert server.dsn() == dsn
    assert await ask(server, "SELECT n FROM kept") == 42


async def test_a_running_server_is_left_alone(server: EmbeddedServer) -> None:
    """ensure_running() may be called at any time."""
    pid = server.pid
    await asyncio.to_thread(server.ensure_running)
    assert server.pid == pid


async def test_a_restart_by_pg_ctl_is_tolerated(server: EmbeddedServer) -> None:
    """PG 47: pg_ctl puts another process in its place; that one ends with us too."""
    user = server_user(server.data)
    pg_ctl = find_binaries(server.data, user) / "pg_ctl"
    command: list[str | Path] = [pg_ctl, "-D", server.data, "-m", "immediate", "-ws"]
    log = server.data / "pg_ctl.log"
    before = server.pid

    def restart() -> None:
        subprocess.run([*command, "-l", log, "restart"], check=True, **user.popen())

    await asyncio.to_thread(restart)
    await asyncio.to_thread(server.ensure_running)
    assert server.pid != before
    assert await ask(server, "SELECT 1") == 1
    await asyncio.to_thread(server.stop)
    assert datadir.pid_file(server.data) == []


async def test_the_server_dies_with_its_parent(home: Path) -> None:
    """60: kill -9 of the process that started it ends the server."""
    data = home / "postgres"
    program = (
        "import sys; from pathlib import Path\n"
        "from outreachd.store.embedded import EmbeddedServer\n"
        "server = EmbeddedServer.start(Path(sys.argv[1]), durable=False)\n"
        "print('up', flush=True); sys.stdin.read()"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout
    assert await parent.stdout.readline() == b"up\n"
    parent.kill()
    await parent.wait()
    await until(lambda: datadir.pid_file(data) == [])
    assert (data / "PG_VERSION").exists()


async def test_a_new_start_waits_for_the_old_servers_end(
    server: EmbeddedServer,
) -> None:
    """A daemon restarted at once meets its dying server, and starts in its place."""
    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    heir = await asyncio.to_thread(EmbeddedServer.start, server.data, durable=False)
    await stopping
    await asyncio.to_thread(heir.ensure_running)
    assert await ask(heir, "SELECT 1") == 1
    await asyncio.to_thread(heir.stop)


def test_a_setting_it_refuses_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that will not start says why, at once, in our error."""
    monkeypatch.setitem(embedded.SETTINGS, "x", "y")
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "x"'):
        EmbeddedServer.start(home / "postgres", durable=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server a user")
def test_a_closed_parent_is_named_and_stays_closed(home: Path) -> None:
    """S22: root opens nothing on the way to the data; the error says what to do."""
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match=f"cannot enter {closed}: put"):
        EmbeddedServer.start(closed / "postgres")
    assert closed.stat().st_mode & 0o777 == 0o700
