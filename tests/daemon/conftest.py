"""What tests of the real process share: a database whose server may be killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from outreachd.clock import RealClock
from outreachd.store.binaries import server_user
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.migrate import migrate
from tests.daemon.processes import PATIENCE_S, until


class Breakable:
    """A durable server of this test's own, to be stopped in every rude way."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server
        self.dsn = server.dsn()

    async def crash(self) -> None:
        """End it at once, without a checkpoint: `pg_ctl stop -m immediate`."""
        pid = self.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        await until(lambda: not _lives(pid), PATIENCE_S, "the server was gone")

    async def restart(self) -> None:
        """Return once it is there again."""
        await asyncio.to_thread(self.server.ensure_running)

    async def command(self, statement: str, *, writable: bool = False) -> None:
        """Run one statement; ``writable``: even where writing is switched off."""
        settings = {"default_transaction_read_only": "off"} if writable else None
        connection = await asyncpg.connect(self.dsn, server_settings=settings)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest_asyncio.fixture
async def breakable() -> AsyncIterator[Breakable]:
    """Give a migrated database on a server that keeps what it has confirmed."""
    home = Path(tempfile.mkdtemp(prefix="outreachd-test-", dir="/tmp"))
    user = server_user(home / "data")
    os.chown(home, user.uid, user.gid)
    server = EmbeddedServer.start(home / "data", durable=True)
    try:
        connection = await asyncpg.connect(server.dsn())
        await migrate(connection, RealClock())
        await connection.close()
        yield Breakable(server)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
