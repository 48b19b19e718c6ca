"""The real process while its database is restarted, stopped, demoted and cut off."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.daemon.conftest import Breakable
from tests.daemon.rig import CLOCK, world

RESTARTS = 10


@pytest.mark.slow
async def test_ten_immediate_restarts_lose_nothing(
    tmp_path: Path, breakable: Breakable
) -> None:
    """Database 47: crashed again and again, sending goes on within 5 s each time."""
    dice = random.Random(47)
    waits: list[float] = []
    async with world(tmp_path, breakable.dsn, slow_ms=[150.0]) as w:
        await w.furnish(mailboxes=40, letters=5000)
        daemon = w.start()
        for _ in range(RESTARTS):
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
