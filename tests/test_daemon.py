"""The laws of the daemon's life, in this process; tests/daemon has the real process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from outreachd.clock import RealClock
from outreachd.config import Control, Database, Http, Public, Settings, State
from outreachd.daemon import Daemon
from outreachd.store.database import Database as Connections
from outreachd.store.steering import PgSteering


def settings(state: Path) -> Settings:
    """Make settings whose listener is a socket in the state directory."""
    state.mkdir(exist_ok=True)
    return Settings(
        database=Database(),
        state=State(directory=state),
        http=Http(
            control=Control.model_validate({"listen": f"unix:{state}/c.sock"}),
            public=Public(base_url="https://optout.example"),
        ),
    )


async def until_active(db: Connections, role: str) -> None:
    """Wait until a daemon says that it is this; the test's own limit ends it."""
    while True:
        status = await PgSteering(db).status(RealClock().now())
        if role in [instance["role"] for instance in status["instances"]]:
            return


async def test_a_daemon_that_is_stopped_leaves_nothing_behind(
    db: Connections, database_url: str, tmp_path: Path
) -> None:
    """It says at once that it is active; at the end the lease is free, it is off."""
    daemon = Daemon(settings(tmp_path), database_url, "token")
    running = asyncio.create_task(daemon.run())
    await until_active(db, "active")
    daemon.stop()
    await running
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT owner FROM lease") is None
        assert await connection.fetchval("SELECT count(*) FROM instance") == 0


async def test_the_second_of_two_stands_by_and_takes_over(
    db: Connections, database_url: str, tmp_path: Path
) -> None:
    """One sends; when it ends in order, the other need not wait for the lease."""
    first = Daemon(settings(tmp_path / "a"), database_url, "token")
    second = Daemon(settings(tmp_path / "b"), database_url, "token")
    running = [asyncio.create_task(first.run())]
    await until_active(db, "active")
    running.append(asyncio.create_task(second.run()))
    await until_active(db, "standby")
    first.stop()
    await running[0]
    await until_active(db, "active")
    second.stop()
    await running[1]
