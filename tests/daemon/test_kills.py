"""kill -9 of the real process, again and again, while it sends."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.daemon.processes import CLOCK
from tests.daemon.rig import world

KILLS = 30
LETTERS = 3000
WAITING = 1000  # at each kill


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_thirty_kills_lose_nothing_and_repeat_nothing(
    tmp_path: Path, database_url: str
) -> None:
    """Promises 1 and 2, process 60: each went once, or is shown uncertain."""
    dice = random.Random(60)
    waits: list[float] = []
    async with world(tmp_path, database_url, slow_ms=[80.0]) as w:
        await w.furnish(mailboxes=60, letters=LETTERS)
        begun: set[int] = set()
        for kill in range(KILLS):
            await w.keep_waiting(WAITING)
            daemon = w.start()
            if kill % 5 == 4:  # some die while they start
                await CLOCK.sleep(dice.uniform(0.1, 1.5))
            else:
                waits.append(await w.until_more())
                await CLOCK.sleep(dice.uniform(0.0, 0.4))
            daemon.kill()
            begun |= await w.begun()
        assert not await w.is_done(), "all was sent before the last kill: no proof"
        last = w.start()
        await w.until_done()
        assert await last.terminated() == 0
        finding, uncertain = await w.finding(), await w.uncertain()
    figures = (
        f"{KILLS} kills, {len(begun)} begun at them; {finding}; "
        f"first letter {max(waits):.1f} s after a start at the latest"
    )
    print(figures)
    assert finding.is_clean, figures
    assert finding.states.keys() <= {"sent", "uncertain"}, figures
    assert uncertain <= begun, figures
