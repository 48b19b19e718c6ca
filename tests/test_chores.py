"""The laws of a daemon's chores: none stops for good, a lost database is said once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from outreachd.chores import Chore, Chores
from outreachd.clock import VirtualClock
from outreachd.rules.records import LedgerAwayError
from outreachd.store.database import Database
from outreachd.store.hints import Hints
from outreachd.store.identity import PgIdentity
from outreachd.store.journal import JournalError
from outreachd.store.lease import PgLeases
from outreachd.store.steering import Gauges, PgSteering
from outreachd.telemetry import Metrics

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


class Moody(PgSteering):
    """A database that is away, breaks, or answers, as the test says."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.moods: list[Exception | None] = []
        self.asked = asyncio.Semaphore(0)

    async def gauges(self, now: datetime) -> Gauges:
        """Answer by mood."""
        self.asked.release()
        mood = self.moods.pop(0) if self.moods else None
        if mood is not None:
            raise mood
        return Gauges(
            due=7,
            oldest_due_s=3.0,
            uncertain=1,
            held={"missing_variable": 2},
            mailboxes={"well": 5},
            domains={"well": 1},
            accounts={"well": 1},
            domain_checks={("spf", "wrong"): 3},
        )


class Uncounted(PgIdentity):
    """An identity that leaves the database alone, where a minute takes no time."""

    async def follow(self) -> None:
        """See nothing."""


@asynccontextmanager
async def chores(
    database: Database,
    steering: Moody,
    *duties: Chore,
) -> AsyncIterator[tuple[Chores, Metrics]]:
    """Run all chores of a standby on a clock that jumps."""
    clock, metrics = VirtualClock(START), Metrics()
    made = Chores(
        leases=PgLeases(database, uuid4()),
        hints=Hints(database, clock),
        steering=steering,
        identity=Uncounted(database, Path("/nowhere")),
        metrics=metrics,
        house=clock,
        clock=clock,
        shift=lambda: None,
        duties=duties,
    )
    tasks = [asyncio.create_task(chore) for chore in made.all()]
    tasks.append(asyncio.create_task(clock.run()))
    try:
        yield made, metrics
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def gauge(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Read one gauge as Prometheus would."""
    return metrics.registry.get_sample_value(name, labels)


async def test_gauges_follow_the_database(db: Database) -> None:
    """What waits and how the fleet is stands on the dashboard."""
    steering = Moody(db)
    async with chores(db, steering) as (_, metrics):
        await steering.asked.acquire()
        await steering.asked.acquire()  # the first answer has been shown
    assert gauge(metrics, "outreachd_due") == 7
    assert gauge(metrics, "outreachd_uncertain") == 1
    assert gauge(metrics, "outreachd_held", reason="missing_variable") == 2
    assert gauge(metrics, "outreachd_mailboxes", health="well") == 5
    name = "outreachd_domain_checks"
    assert gauge(metrics, name, check="spf", finding="wrong") == 3
    assert gauge(metrics, name, check="mx", finding="ok") == 0


@pytest.mark.parametrize("fault", [LedgerAwayError("away"), ZeroDivisionError()])
async def test_a_chore_that_broke_begins_anew(db: Database, fault: Exception) -> None:
    """Neither a lost database nor a bug of ours leaves the dashboard standing still."""
    steering = Moody(db)
    steering.moods = [fault]
    async with chores(db, steering) as (_, metrics):
        for _ in range(3):
            await steering.asked.acquire()
    assert gauge(metrics, "outreachd_due") == 7


async def test_a_lost_database_is_known_and_so_is_its_return(db: Database) -> None:
    """Readiness and `db_up` follow, down and up again."""
    steering = Moody(db)
    # Often enough that another chore, which still reaches it, cannot always hide it.
    steering.moods = [LedgerAwayError("away")] * 12
    async with chores(db, steering) as (made, metrics):
        # Readiness and gauge change in one step, so that they never disagree.
        seen: list[tuple[bool, float | None]] = []
        while (False, 0.0) not in seen or seen[-1] != (True, 1.0):
            await steering.asked.acquire()
            seen.append((made.is_database_up, gauge(metrics, "outreachd_db_up")))
        told = set(seen[seen.index((False, 0.0)) :])
    assert told == {(False, 0.0), (True, 1.0)}


async def test_a_standby_is_on_the_list_of_instances(db: Database) -> None:
    """An operator sees who would take over."""
    async with chores(db, Moody(db)) as (made, _):
        await made.say_alive()
        status = await PgSteering(db).status(START)
    assert [instance["role"] for instance in status["instances"]] == ["standby"]


async def test_the_watchdog_is_told_while_the_loop_lives(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the database is away: that is no reason to be restarted."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(90)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        steering = Moody(db)
        steering.moods = [LedgerAwayError("away")] * 3
        async with chores(db, steering):
            for _ in range(4):
                await steering.asked.acquire()
        assert listening.recv(100) == b"WATCHDOG=1"


class Stubborn(Moody):
    """A database whose driver tells a cancelled question as a lost connection."""

    async def gauges(self, now: datetime) -> Gauges:
        """Wait for the end, and tell it as something else."""
        self.asked.release()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise LedgerAwayError("the connection was closed") from None
        raise AssertionError


async def test_the_end_is_heard_also_as_a_fault_of_the_database(db: Database) -> None:
    """SIGTERM cancels chores once: one that took it for a fault would live for ever."""
    steering = Stubborn(db)
    async with asyncio.timeout(90):
        async with chores(db, steering):
            await steering.asked.acquire()


async def test_a_duty_begins_anew_as_a_chore_does(db: Database) -> None:
    """What only who sends does is run in the same way, fault after fault."""
    begun = asyncio.Semaphore(0)

    async def duty() -> None:
        begun.release()
        raise ZeroDivisionError

    async with chores(db, Moody(db), duty):
        for _ in range(3):
            await begun.acquire()


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        (ZeroDivisionError(), "chore.broken"),
        (JournalError("state/identity cannot be written"), "state.unwritable"),
    ],
)
async def test_a_chore_that_breaks_each_time_is_said_once(
    db: Database, fault: Exception, event: str
) -> None:
    """A full disk for a night is a line now and then, not one each two seconds."""
    begun = asyncio.Semaphore(0)

    async def duty() -> None:
        begun.release()
        raise fault

    with capture_logs() as logged:
        async with chores(db, Moody(db), duty):
            for _ in range(5):
                await begun.acquire()
    assert [line["event"] for line in logged].count(event) == 1
