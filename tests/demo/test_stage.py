"""The laws of the demo's stage: it is complete, private, and gone afterwards."""

import os
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from outreachd.demo.people import TooManyError
from outreachd.demo.stage import Size, forget_environment, stage

MONDAY = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
SIZE = Size(mailboxes=8, contacts=12, seed=1)


def sinks() -> list[psutil.Process]:
    """Find the SMTP servers that this process has started."""
    return [
        child
        for child in psutil.Process().children()
        if "outreachd.demo.sink" in child.cmdline()
    ]


async def test_the_stage_is_complete_and_leaves_nothing_behind() -> None:
    """Fleet and contacts are in, one server listens; afterwards all of it is gone."""
    told: list[str] = []
    async with stage(SIZE, MONDAY, told.append) as scene:
        assert len(scene.roster.mailboxes) == 8
        assert sum(map(len, scene.contacts.values())) == 12
        async with scene.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM send") == 12
        [sink] = sinks()
        assert scene.token_file.stat().st_mode & 0o077 == 0
        assert scene.settings.database.dsn == scene.dsn
        assert scene.time.read() == MONDAY.timestamp()
        home = scene.home
    assert told
    assert not home.exists()
    assert not sink.is_running()


async def test_a_stage_that_breaks_is_cleared_too() -> None:
    """Whatever ends the demo, its processes and files go."""
    homes: list[Path] = []

    async def strike() -> None:
        async with stage(SIZE, MONDAY, lambda _: None) as scene:
            homes.append(scene.home)
            raise RuntimeError("lightning")

    with pytest.raises(RuntimeError, match="lightning"):
        await strike()
    assert not homes[0].exists()
    assert not sinks()


async def test_an_impossible_size_is_refused_before_anything_starts() -> None:
    """Nothing is started for a day that could not end well."""
    size = Size(mailboxes=8, contacts=100_000, seed=1)
    with pytest.raises(TooManyError):
        async with stage(size, MONDAY, lambda _: None):
            raise AssertionError
    assert not sinks()


def test_settings_of_a_real_daemon_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The demo cannot be led to somebody's database; how to find programs may stay."""
    monkeypatch.setenv("OUTREACHD_DATABASE__DSN", "postgresql://outreachd@real/fleet")
    monkeypatch.setenv("OUTREACHD_PG_BIN", "bin")
    forget_environment()
    assert "OUTREACHD_DATABASE__DSN" not in os.environ
    assert os.environ["OUTREACHD_PG_BIN"] == "bin"
