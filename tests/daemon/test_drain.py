"""SIGTERM to the real process: what is under way ends well, the rest goes back."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.daemon.conftest import Breakable
from tests.daemon.processes import CLOCK
from tests.daemon.rig import world
from tests.stopwatch import Stopwatch

STOPS = 20
ANSWERS_MS = (2.0, 200.0, 1000.0)  # of three servers
ENDS_BY_S = 12.0  # the grace for what has not begun, and two seconds more


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_twenty_orderly_stops_leave_nothing_uncertain(
    tmp_path: Path, database_url: str
) -> None:
    """Promise 8, process 61: exit 0, given back uncounted; the next goes on."""
    dice = random.Random(61)
    took: list[float] = []
    async with world(tmp_path, database_url, slow_ms=ANSWERS_MS) as w:
        await w.furnish(mailboxes=30, letters=STOPS * 100)
        for _ in range(STOPS):
            daemon = w.start()
            await w.until_more()
            await CLOCK.sleep(dice.uniform(0.0, 0.3))
            watch = Stopwatch()
            assert await daemon.terminated() == 0, daemon.log.read_text()[-2000:]
            took.append(watch.seconds())
            states = await w.states()
            assert states.keys() <= {"sent", "scheduled"}, states
            await w.keep_waiting(200)
        attempts = await w.db_value(
            "SELECT count(*) FROM send WHERE state = 'scheduled' AND attempts > 0"
        )
        finding = await w.finding()
    figures = f"{STOPS} stops, the longest {max(took):.1f} s; {finding}"
    print(figures)
    assert finding.is_clean, figures
    assert attempts == 0, f"{attempts} went back counted; {figures}"
    assert max(took) < ENDS_BY_S, figures


async def test_a_second_sigterm_makes_it_quick(
    tmp_path: Path, database_url: str
) -> None:
    """Process 61: who is asked twice waits ten seconds, not a minute."""
    async with world(tmp_path, database_url, slow_ms=[60_000.0]) as w:
        await w.furnish(mailboxes=4, letters=20)
        daemon = w.start()
        await w.until_more()
        daemon.signal(signal.SIGTERM)
        await daemon.until_said("drain.begins")
        daemon.signal(signal.SIGTERM)
        assert await daemon.ended(40.0) == 0
        begun, finding = await w.begun(), await w.finding()
        assert finding.is_clean, str(finding)
        assert len(begun) == finding.letters == 4, str(finding)


@pytest.mark.parametrize("after_s", [0.05, 0.5, 0.8, 1.0, 1.2, 1.4])
async def test_sigterm_while_it_starts(
    tmp_path: Path, database_url: str, after_s: float
) -> None:
    """Process 61: it ends in order, or by the signal before it has opened anything."""
    async with world(tmp_path, database_url) as w:
        await w.furnish(mailboxes=2, letters=0)
        daemon = w.start()
        await CLOCK.sleep(after_s)
        code = await daemon.terminated()
        text = daemon.log.read_text()
        assert code == 0 or (code == -signal.SIGTERM and not text), (code, text)
        assert "Traceback" not in text, text
        owner = await w.db_value("SELECT owner FROM lease")
        assert owner is None, "the lease is left to run out"


async def test_sigterm_while_the_database_is_away(
    tmp_path: Path, breakable: Breakable
) -> None:
    """Process 61: outcomes stay on the disk, it ends soon, the next start has them."""
    async with world(tmp_path, breakable.dsn, slow_ms=[300.0]) as w:
        await w.furnish(mailboxes=20, letters=400)
        daemon = w.start()
        await w.until_more()
        await w.until_more()
        await breakable.crash()
        watch = Stopwatch()
        code = await daemon.terminated()
        took_s = watch.seconds()
        assert code == 0, daemon.log.read_text()[-3000:]
        await breakable.restart()
        again = w.start()
        await w.until_done()
        assert await again.terminated() == 0
        finding = await w.finding()
        [begins] = again.said("shift.begins")[-1:]
    figures = f"ended after {took_s:.1f} s, {begins}; {finding}"
    print(figures)
    assert finding.is_clean, figures
    assert finding.states.keys() == {"sent"}, figures
    assert begins["from_journal"] > 0, figures
    assert took_s < ENDS_BY_S + 10, figures
