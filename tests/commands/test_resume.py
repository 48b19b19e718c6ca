"""The laws of resuming from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.commands.pause import pause
from outreachd.commands.resume import resume
from outreachd.rules.model import Kind
from outreachd.store.database import Database
from outreachd.store.steering import NoSuchError, PgSteering
from tests.commands.conftest import Helm


async def test_a_running_daemon_goes_on_at_once(config: Path, helm: Helm) -> None:
    """With a daemon there, a resume goes through it."""
    await resume(config, Kind.MAILBOX, "Ann@mail.acme.example", False)
    assert helm.orders == [("resume", Kind.MAILBOX, "ann@mail.acme.example")]


async def test_without_a_daemon_the_database_forgets_the_pause(
    config: Path, fleet: None, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pause ends, and ending it twice is no fault."""
    await pause(config, Kind.CLIENT, "acme", "x", None, None, False)
    for _ in range(2):
        await resume(config, Kind.CLIENT, "acme", True)
    assert (await PgSteering(db).status(RealClock().now()))["pauses"] == []
    assert '"paused":false' in capsys.readouterr().out


async def test_an_unknown_name_is_told(config: Path, fleet: None) -> None:
    """Resuming what is not there is a slip, not a success."""
    with pytest.raises(NoSuchError, match="no account"):
        await resume(config, Kind.ACCOUNT, "nope", False)
