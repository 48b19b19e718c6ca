"""A daemon whose database is an older copy: it sends nothing until a person says so."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.processes import PATIENCE_S, Running, until
from tests.daemon.rig import world

ACTIVE, PAUSED = 200, 503


async def test_a_restored_copy_starts_paused_and_says_why(
    tmp_path: Path, database_url: str
) -> None:
    """Promise 1 over a restore: one sentence in /readyz, with the way out of it."""
    async with world(tmp_path, database_url) as w:
        await w.furnish(mailboxes=4, letters=5)
        daemon = w.start()
        await w.until_done()
        assert await daemon.terminated() == 0
        # What a backup from before those letters would say:
        await w.db_value("UPDATE identity SET epoch = epoch - 1")
        await w.enrol(5)

        daemon = w.start()
        await daemon.until_said("identity.doubted")
        await is_ready(daemon, PAUSED)
        _, told = await daemon.ask("GET", "/readyz")
        assert "older copy" in told["reason"]
        assert told["reason"].endswith("outreachd resume fleet")
        _, status = await daemon.ask("GET", "/v1/status")
        assert [pause["kind"] for pause in status["pauses"]] == ["fleet"]
        assert len(w.letters()) == 5

        assert (await daemon.ask("POST", "/v1/fleet/resume", {}))[0] == 200
        await w.until_done()
        assert await daemon.terminated() == 0
        assert (await w.finding()).is_clean

        daemon = w.start()  # what was resumed once is not doubted again
        await is_ready(daemon, ACTIVE)
        assert await daemon.terminated() == 0
        assert len(daemon.said("identity.doubted")) == 1


async def is_ready(daemon: Running, status: int) -> None:
    """Wait until it holds the lease and answers so."""

    async def answers() -> bool:
        if not daemon.token_file.exists() or not await daemon.status_of("/healthz"):
            return False
        found, told = await daemon.ask("GET", "/readyz")
        return found == status and "standby" not in told["reason"]

    await until(answers, PATIENCE_S, f"/readyz answered {status}")
