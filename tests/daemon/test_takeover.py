"""Two real processes on one database: one sends, the other takes over, never both."""

from __future__ import annotations

import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from outreachd.demo import referee
from outreachd.store.roster import read_roster
from tests.daemon.conftest import Breakable
from tests.daemon.processes import CLOCK, Running
from tests.daemon.rig import LEASE_S, World, world
from tests.daemon.test_database_lost import until_settled

GAP_S = 1.0
RATE = 20.0  # a second, by the account; the mailboxes alone would make it 30
SLACK_S = 0.3  # from a decision to its intent


async def pair(w: World) -> tuple[Running, Running]:
    """Start two daemons; tell the active one first."""
    (w.directory / "state-b").mkdir(mode=0o700)
    shutil.copy(w.directory / "state-a" / "secret.key", w.directory / "state-b")
    daemons = (w.start("a"), w.start("b"))
    for daemon in daemons:
        await daemon.until_said("daemon.ready")
    await w.until_more()
    roles = [(await d.ask("GET", "/v1/status"))[1]["role"] for d in daemons]
    assert sorted(roles) == ["active", "standby"]
    return daemons if roles[0] == "active" else (daemons[1], daemons[0])


async def excesses(w: World) -> list[referee.Violation]:
    """Let the referee find what went beyond a limit."""
    async with w.db.connection() as connection:
        roster = await read_roster(connection)
    fleet = referee.Fleet(
        mailboxes={box.address: box for box in roster.mailboxes.values()},
        domains=roster.domains,
        accounts={account.name: account for account in roster.accounts.values()},
    )
    slack_s = SLACK_S + await longest_way_s(w)
    return referee.over_limit(w.letters(), fleet, slack_s=slack_s)


async def longest_way_s(w: World) -> float:
    """Tell the longest time from an intent to the server's log: how slow it all was."""
    begun = await last_begun(w)
    return max(e.at - begun[e.message_id].timestamp() for e in w.letters())


@pytest.mark.slow
async def test_a_standby_takes_over_from_a_killed_one(
    tmp_path: Path, database_url: str
) -> None:
    """Process 81: after kill -9 the other sends within lease + 5 s, nothing twice."""
    async with world(tmp_path, database_url) as w:
        await w.furnish(mailboxes=30, letters=220, gap_s=GAP_S, rate_per_second=RATE)
        active, standby = await pair(w)
        await CLOCK.sleep(1.0)
        active.kill()
        begun = await w.states()
        took_s = await w.until_more()
        await w.until_done()
        assert await standby.terminated() == 0
        finding, too_much = await w.finding(), await excesses(w)
    figures = f"sent again after {took_s:.1f} s; {finding}; beyond: {too_much}"
    print(figures)
    assert took_s < LEASE_S + 5, figures
    assert finding.is_clean, figures
    assert finding.states["uncertain"] <= begun["sending"], figures
    assert not too_much, figures


async def test_a_journal_is_told_also_by_who_stands_by(
    tmp_path: Path, breakable: Breakable
) -> None:
    """W8: killed with outcomes on its disk, replaced, started again: nobody doubts."""
    async with world(tmp_path, breakable.dsn, slow_ms=[300.0]) as w:
        await w.furnish(mailboxes=20, letters=100)
        (w.directory / "state-b").mkdir(mode=0o700)
        shutil.copy(w.directory / "state-a" / "secret.key", w.directory / "state-b")
        first = w.start("a")
        await w.until_more()
        await w.until_more()
        answered = len(w.letters())
        await breakable.crash()
        kept = await until_settled(w, answered)
        first.kill()
        await breakable.restart()
        second = w.start("b")
        await second.until_said("shift.begins")
        await w.until_done()
        assert len(await w.uncertain()) == kept > 0
        again = w.start("a")
        await again.until_said("journal.told")
        finding = await w.finding()
        assert [await d.terminated() for d in (again, second)] == [0, 0]
    assert finding.is_clean, str(finding)
    assert finding.states.keys() == {"sent"}, str(finding)


@pytest.mark.slow
async def test_a_frozen_one_begins_nothing_when_it_wakes(
    tmp_path: Path, database_url: str
) -> None:
    """Process 62: who slept beyond the lease finds it lost, and only stands by."""
    async with world(tmp_path, database_url) as w:
        await w.furnish(mailboxes=30, letters=300, gap_s=GAP_S, rate_per_second=RATE)
        active, standby = await pair(w)
        active.signal(signal.SIGSTOP)
        stopped = CLOCK.now()
        took_s = await standby.until_said("shift.begins")
        await w.until_more()
        active.signal(signal.SIGCONT)
        woken = CLOCK.now()
        await active.until_said("lease.lost")
        await w.until_done()
        role = (await active.ask("GET", "/v1/status"))[1]["role"]
        stale = await stale_letters(w, stopped, woken)
        finding, too_much = await w.finding(), await excesses(w)
        broken = active.said("journey.broken")
        assert [await d.terminated() for d in (active, standby)] == [0, 0]
    figures = f"taken over after {took_s:.1f} s, {stale} stale; {finding}; {too_much}"
    print(figures)
    assert role == "standby", figures
    assert finding.is_clean, figures
    assert stale == 0, figures
    assert not too_much, figures
    assert not broken, broken


async def stale_letters(w: World, stopped: datetime, woken: datetime) -> int:
    """Count letters that came after the waking and were begun before the sleep."""
    begun = await last_begun(w)
    return sum(
        datetime.fromtimestamp(letter.at, UTC) > woken
        and begun[letter.message_id] < stopped
        for letter in w.letters()
    )


async def last_begun(w: World) -> dict[str, datetime]:
    """Tell by Message-ID when each letter was last begun."""
    async with w.db.connection() as connection:
        rows = await connection.fetch(
            "SELECT s.message_id, max(a.started_at) AS at FROM attempt a "
            "JOIN send s ON s.id = a.send_id GROUP BY s.message_id"
        )
    return {row["message_id"]: row["at"] for row in rows}
