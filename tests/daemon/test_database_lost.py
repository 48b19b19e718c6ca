"""The real process while its database is restarted, stopped, demoted and cut off."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from tests.daemon.conftest import Breakable
from tests.daemon.processes import CLOCK, PATIENCE_S, Running, until
from tests.daemon.rig import World, world

RESTARTS = 10
STILL_S = 1.5  # longer than a letter takes at the slowest server here


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_ten_immediate_restarts_lose_nothing(
    tmp_path: Path, breakable: Breakable
) -> None:
    """Database 47: crashed again and again, sending goes on within 5 s each time."""
    dice = random.Random(47)
    waits: list[float] = []
    async with world(tmp_path, breakable.dsn, slow_ms=[150.0]) as w:
        await w.furnish(mailboxes=40, letters=2000)
        daemon = w.start()
        for _ in range(RESTARTS):
            await w.keep_waiting(1000)
            await w.until_more()
            await CLOCK.sleep(dice.uniform(0.0, 0.5))
            await breakable.crash()
            await breakable.restart()
            waits.append(await w.until_more())
        assert not await w.is_done(), "all was sent before the last crash: no proof"
        await w.until_done()
        assert await daemon.terminated() == 0
        finding, figures = await w.finding(), f"{RESTARTS} restarts"
    figures += f"; {finding}; sending again after {max(waits):.1f} s at the latest"
    print(figures)
    assert finding.is_clean, figures
    assert finding.states.keys() == {"sent"}, figures
    assert max(waits) < 5, figures


@pytest.mark.slow
async def test_while_it_is_stopped_nothing_begins_and_nothing_dies(
    tmp_path: Path, breakable: Breakable
) -> None:
    """Database 48: alive, not ready, outcomes on disk, memory flat, then it goes on."""
    async with world(tmp_path, breakable.dsn, slow_ms=[300.0]) as w:
        await w.furnish(mailboxes=20, letters=600)
        daemon = w.start()
        await w.until_more()
        await w.until_more()
        assert await daemon.status_of("/readyz") == 200
        answered = len(w.letters())
        await breakable.crash()
        before_mb = daemon.rss_mb()
        unready_s = await until(
            partial(answers, daemon, "/readyz", 503), PATIENCE_S, "503"
        )
        assert await daemon.status_of("/healthz") == 200
        letters = len(w.letters())
        kept = await until_settled(w, answered)
        await CLOCK.sleep(3.0)
        assert len(w.letters()) == letters, "a letter went without a database"
        grown_mb = daemon.rss_mb() - before_mb
        await breakable.restart()
        again_s = await w.until_more()
        await until(
            partial(answers, daemon, "/readyz", 200), PATIENCE_S, "it was ready"
        )
        await w.until_done()
        assert await daemon.terminated() == 0
        finding = await w.finding()
    figures = (
        f"not ready after {unready_s:.1f} s, {kept} outcomes on disk, {grown_mb:+.1f} "
        f"MB, sending {again_s:.1f} s after the database; {finding}"
    )
    print(figures)
    assert kept > 0, figures
    assert grown_mb < 20, figures
    assert again_s < 5, figures
    assert finding.is_clean, figures
    assert finding.states.keys() == {"sent"}, figures


async def test_what_was_journaled_survives_a_kill(
    tmp_path: Path, breakable: Breakable
) -> None:
    """W8: answered while the database is away, killed, started: sent, not uncertain."""
    async with world(tmp_path, breakable.dsn, slow_ms=[300.0]) as w:
        await w.furnish(mailboxes=20, letters=100)
        daemon = w.start()
        await w.until_more()
        await w.until_more()
        answered = len(w.letters())
        await breakable.crash()
        kept = await until_settled(w, answered)
        daemon.kill()
        await breakable.restart()
        again = w.start()
        await w.until_done()
        assert await again.terminated() == 0
        [begins] = again.said("shift.begins")[1:]
        finding = await w.finding()
    assert finding.is_clean, str(finding)
    assert finding.states.keys() == {"sent"}, str(finding)
    assert begins["from_journal"] == kept, begins
    assert begins["uncertain"] == 0, begins


@pytest.mark.slow
async def test_killed_backends_and_a_demotion_lose_nothing(
    tmp_path: Path, breakable: Breakable
) -> None:
    """Database 46, 50: backends ended again and again, then read-only for a while."""
    async with world(tmp_path, breakable.dsn, slow_ms=[100.0]) as w:
        await w.furnish(mailboxes=40, letters=3000)
        daemon = w.start()
        await w.until_more()
        for _ in range(10):
            await w.keep_waiting(1000)
            await breakable.command(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'outreachd'"
            )
            await CLOCK.sleep(0.3)
        await w.keep_waiting(1000)
        await w.until_more()
        await breakable.command("ALTER SYSTEM SET default_transaction_read_only = on")
        await breakable.command("SELECT pg_reload_conf()")
        await until(partial(answers, daemon, "/readyz", 503), PATIENCE_S, "503")
        octets = w.octets()
        await CLOCK.sleep(1.0)
        assert w.octets() == octets, "a letter went by a read-only database"
        await breakable.command(
            "ALTER SYSTEM RESET default_transaction_read_only", writable=True
        )
        await breakable.command("SELECT pg_reload_conf()")
        again_s = await w.until_more()
        await w.until_done()
        assert await daemon.terminated() == 0
        finding = await w.finding()
    figures = f"sending {again_s:.1f} s after it was writable; {finding}"
    print(figures)
    assert finding.is_clean, figures
    assert finding.states.keys() == {"sent"}, figures
    assert again_s < 5, figures


async def until_settled(w: World, answered: int) -> int:
    """Wait until the server has nothing more to answer; tell how many are on disk.

    A letter that was before its intent when the database went never reaches DATA, so
    how many are kept is not known before; that all that were answered since are, is.
    ``answered``: letters the server had when it went.
    """
    journal = w.directory / "state-a" / "outcomes.journal"
    still_since, before = CLOCK.monotonic(), (0, 0)

    def is_settled() -> bool:
        nonlocal still_since, before
        now = (journal.read_bytes().count(b"\n"), w.octets())
        if now != before:
            still_since, before = CLOCK.monotonic(), now
        is_kept = now[0] >= max(len(w.letters()) - answered, 1)
        return is_kept and CLOCK.monotonic() - still_since > STILL_S

    await until(is_settled, PATIENCE_S, "outcomes were kept and no more came")
    return before[0]


async def answers(daemon: Running, path: str, status: int) -> bool:
    """Tell whether an open path answers with this status."""
    return await daemon.status_of(path) == status
