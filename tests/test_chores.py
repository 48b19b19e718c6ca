"""The laws of a daemon's chores: none stops for good, a lost database is said once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from outreachd.chores import Chores
from outreachd.clock import VirtualClock
from outreachd.config import Checks
from outreachd.domain_watch import DomainWatch
from outreachd.flow.lease import Lease
from outreachd.rules.records import LedgerAwayError
from outreachd.store.database import Database
from outreachd.store.hints import Hints
from outreachd.store.identity import PgIdentity
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
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
    *,
    shift: Any = None,
    watch: DomainWatch | None = None,
    reader: Any = None,
    letterbox: Any = None,
    controller: Any = None,
    forgetting: Any = None,
    lease: Any = None,
    follow_calendars: Any = None,
) -> AsyncIterator[tuple[Chores, Metrics]]:
    """Run all chores of a standby on a clock that jumps."""
    clock, metrics, owner = VirtualClock(START), Metrics(), uuid4()
    leases = PgLeases(database, owner)
    made = Chores(
        leases=leases,
        lease=lease or Lease(leases, clock, 15.0),
        hints=Hints(database, clock),
        steering=steering,
        identity=Uncounted(database, Path("/nowhere")),
        ledger=PgLedger(database, owner),
        metrics=metrics,
        house=clock,
        clock=clock,
        shift=lambda: shift,
        grace=timedelta(minutes=20),
        watch=watch,
        reader=reader,
        letterbox=letterbox,
        controller=controller,
        forgetting=forgetting,
        follow_calendars=follow_calendars,
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


class Forgetting:
    """Has two chunks to forget at each time."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.ended = asyncio.Semaphore(0)

    async def turn(self, now: datetime) -> bool:
        """Note it."""
        self.done.append("turn")
        return self.done[-2:] != ["turn", "turn"]

    async def drop_attachments(self) -> int:
        """Note it."""
        self.done.append("attachments")
        self.ended.release()
        return 0


async def test_old_rows_are_forgotten_by_who_sends(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunk by chunk until there is no more, then again later; not by a standby."""
    monkeypatch.setattr("outreachd.chores.FORGET_S", 5.0)
    forgetting, steering = Forgetting(), Moody(db)
    async with chores(
        db, steering, shift=SimpleNamespace(crew=()), forgetting=forgetting
    ):
        await forgetting.ended.acquire()
        await forgetting.ended.acquire()
    assert forgetting.done[:6] == ["turn", "turn", "attachments"] * 2
    standby = Forgetting()
    async with chores(db, steering, forgetting=standby):
        for _ in range(3):  # each after fifteen seconds
            await steering.asked.acquire()
    assert standby.done == []


class Judge:
    """A controller that notes whose pool it was shown; a pause always follows."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.heard: list[str] = []

    async def hear(self, refusals: str) -> None:
        """Note that it was told of them first."""
        self.heard.append(refusals)

    async def look(self, pool: str, now: datetime, mono: float) -> bool:
        """Note it."""
        assert len(self.heard) == len(self.shown) + 1
        self.shown.append(pool)
        return True


async def test_health_is_judged_each_minute_by_who_sends(db: Database) -> None:
    """A pause that follows is taken on at once; a standby decides nothing."""
    reloads = asyncio.Semaphore(0)

    async def reload_pauses() -> None:
        reloads.release()

    judge, steering = Judge(), Moody(db)
    shift = SimpleNamespace(
        crew=(), pool="the pool", refusals="they", reload_pauses=reload_pauses
    )
    async with chores(db, steering, shift=shift, controller=judge):
        await reloads.acquire()
        await reloads.acquire()
    assert judge.shown[:2] == ["the pool"] * 2
    standby = Judge()
    async with chores(db, steering, controller=standby):
        for _ in range(6):
            await steering.asked.acquire()
    assert standby.shown == []


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
        listening.settimeout(5)
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
    async with asyncio.timeout(20):
        async with chores(db, steering):
            await steering.asked.acquire()


class Watching(DomainWatch):
    """Looks at no domain, and writes down when it would."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, Checks(enabled=False))
        self.turns: list[datetime] = []
        self.turned = asyncio.Semaphore(0)

    async def turn(self, now: datetime) -> float:
        """Write the turn down."""
        self.turns.append(now)
        self.turned.release()
        return 20.0


async def test_who_sends_looks_at_the_domains_and_who_stands_by_does_not(
    db: Database,
) -> None:
    """A minute after the start, then as the schedule says."""
    idle, busy = Watching(db), Watching(db)
    steering = Moody(db)
    async with chores(db, steering, watch=idle):
        for _ in range(12):  # three minutes of gauges
            await steering.asked.acquire()
    assert idle.turns == []
    sending = SimpleNamespace(crew=())
    async with chores(db, Moody(db), shift=sending, watch=busy):
        for _ in range(3):
            await busy.turned.acquire()
    assert [(at - START).total_seconds() for at in busy.turns[:3]] == [60, 80, 100]


class Listening:
    """A reader and a letterbox that only count."""

    def __init__(self) -> None:
        self.turns = 0
        self.stops = 0
        self.turned = asyncio.Semaphore(0)

    async def turn(self, *given: object) -> bool:
        """Count a turn."""
        self.turns += 1
        self.turned.release()
        return False

    async def stop(self) -> None:
        """Count an end."""
        self.stops += 1


async def test_who_sends_reads_mail_and_who_stands_by_does_not(db: Database) -> None:
    """And whoever ends closes what is open."""
    idle, busy, box = Listening(), Listening(), Listening()
    steering = Moody(db)
    async with chores(db, steering, reader=idle, letterbox=idle):
        for _ in range(4):
            await steering.asked.acquire()
    assert idle.turns == 0
    pool, inbox = SimpleNamespace(roster=None), SimpleNamespace(take=None)
    sending = SimpleNamespace(crew=(), pool=pool, inbox=inbox)
    async with chores(db, Moody(db), shift=sending, reader=busy, letterbox=box):
        await busy.turned.acquire()
        await box.turned.acquire()
    assert busy.stops == 1


async def test_letters_follow_changed_calendars_where_an_apply_was_cut_off(
    db: Database,
) -> None:
    """Who sends looks for them with each round of housekeeping; a standby does not."""
    looked = asyncio.Event()

    async def follow(now: datetime) -> int:
        looked.set()
        return 3

    held: Any = SimpleNamespace(term=1)
    more: dict[str, Any] = {"follow_calendars": follow}
    async with chores(db, Moody(db), shift=object(), lease=held, **more):
        await asyncio.wait_for(looked.wait(), 10)
    looked.clear()
    steering = Moody(db)
    async with chores(db, steering, lease=held, **more):
        for _ in range(3):
            await steering.asked.acquire()
    assert not looked.is_set()
