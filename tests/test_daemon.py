"""The laws of the daemon's life, in this process; tests/daemon has the real process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.config import Control, Database, Http, Public, Send, Settings, State
from outreachd.daemon import Daemon
from outreachd.store.database import Database as Connections
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
from outreachd.store.steering import PgSteering

BEFORE = datetime.min.replace(tzinfo=UTC)
LEASE_S = 3.0
LIMIT_S = 90.0  # for what takes a lease or two


def settings(state: Path) -> Settings:
    """Make settings whose listener is a socket in the state directory."""
    state.mkdir(exist_ok=True)
    return Settings(
        database=Database(),
        send=Send(lease_s=LEASE_S),
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


async def test_a_shift_that_is_slow_to_begin_keeps_its_lease(
    db: Connections, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large fleet takes longer to read than a lease lasts: it is read once."""
    recover, go = PgLedger.recover, asyncio.Event()

    async def slow(ledger: PgLedger, *, term: int, now: datetime) -> tuple[int, int]:
        await go.wait()
        return await recover(ledger, term=term, now=now)

    async def until() -> datetime:
        async with db.connection() as connection:
            row = await connection.fetchrow("SELECT term, lease_until FROM lease")
        assert row is not None
        return row["lease_until"] if row["term"] else BEFORE

    monkeypatch.setattr(PgLedger, "recover", slow)
    daemon = Daemon(settings(tmp_path), database_url, "token")
    running = asyncio.create_task(daemon.run())
    async with asyncio.timeout(LIMIT_S):
        while (taken := await until()) == BEFORE:
            pass
        while await until() == taken:
            pass
        go.set()
        await until_active(db, "active")
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT term FROM lease") == 1
    daemon.stop()
    await running


async def test_a_fault_in_keeping_the_lease_begins_a_new_shift(
    db: Connections, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who renews no more may send nothing: it does not stand there for ever."""
    renew, faults = PgLeases.renew, [RuntimeError("a bug")]

    async def broken(leases: PgLeases, term: int, ttl_s: float) -> bool:
        if faults:
            raise faults.pop()
        return await renew(leases, term, ttl_s)

    monkeypatch.setattr(PgLeases, "renew", broken)
    daemon = Daemon(settings(tmp_path), database_url, "token")
    running = asyncio.create_task(daemon.run())
    async with asyncio.timeout(LIMIT_S), db.connection() as connection:
        while await connection.fetchval("SELECT term FROM lease") < 2:
            pass
    daemon.stop()
    await running


async def test_what_began_in_a_lost_term_may_go_no_further(
    db: Connections, database_url: str, tmp_path: Path
) -> None:
    """62: the lease is ours anew, and another may have had it in between."""
    daemon = Daemon(settings(tmp_path), database_url, "token")
    running = asyncio.create_task(daemon.run())
    await until_active(db, "active")
    first = daemon._shift
    assert first is not None
    assert first.may_send()
    async with asyncio.timeout(LIMIT_S), db.connection() as connection:
        await connection.execute("UPDATE lease SET lease_until = '-infinity'")
        while (second := daemon._shift) in (None, first):
            await connection.fetchval("SELECT term FROM lease")
    assert second is not None
    assert second.may_send()
    assert not first.may_send()
    daemon.stop()
    await running
