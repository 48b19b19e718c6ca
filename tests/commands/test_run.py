"""The laws of starting the daemon; its life is proved in tests/daemon."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from outreachd.commands.base import FailedError, MisusedError, settings_of
from outreachd.commands.run import control_token, run, tend
from outreachd.store.binaries import EmbeddedError
from outreachd.store.embedded import EmbeddedServer
from tests.fakes import QuietClock, ticking
from tests.rosters import MONDAY


async def test_without_a_way_to_opt_out_nothing_starts(config: Path) -> None:
    """A daemon whose letters have no working opt-out must not send one."""
    base_url = 'base_url = "https://out.example.org"'
    config.write_text(config.read_text().replace(base_url, ""))
    with pytest.raises(MisusedError, match="base_url is not set"):
        await run(config)


class Restarted:
    """A server that does not start at first, for want of room on the disk."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.started = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def ensure_running(self) -> None:
        """Fail as often as told."""
        if self.faults:
            raise self.faults.pop()
        self._loop.call_soon_threadsafe(self.started.set)


async def test_our_own_server_is_started_until_it_starts() -> None:
    """65: a disk that was full, and has room again, has its database again.

    Why it did not start is logged once, however often it is tried, and told readiness.
    """
    full = EmbeddedError("no space left")
    server = Restarted(full, full, full)
    clock, told = QuietClock(MONDAY), list[str | None]()
    with capture_logs() as logged:
        async with asyncio.timeout(90), ticking(clock):
            tending = asyncio.create_task(
                tend(cast(EmbeddedServer, server), clock, told.append)
            )
            await server.started.wait()
            assert not tending.done()
            tending.cancel()
    assert told[:3] == ["no space left"] * 3
    assert [line["event"] for line in logged] == ["embedded.down"]


def test_a_token_of_our_own_is_made_once_and_for_us_only(tmp_path: Path) -> None:
    """The second start finds the first one's token."""
    file = tmp_path / "a.toml"
    file.write_text(f'[state]\ndirectory = "{tmp_path}"\n')
    token = control_token(settings_of(file))
    assert len(token) >= 32
    assert control_token(settings_of(file)) == token
    assert (tmp_path / "control.token").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_no_half_of_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """65: an empty file would be refused by every later start."""
    file = tmp_path / "a.toml"
    file.write_text(f'[state]\ndirectory = "{tmp_path}"\n')

    def full(*_: object) -> int:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="no space"):
            control_token(settings_of(file))
    assert len(control_token(settings_of(file))) >= 32


def test_a_named_token_is_read_and_never_made(tmp_path: Path) -> None:
    """Who names a file has his own token in it."""
    file = tmp_path / "a.toml"
    file.write_text('[http.control]\ntoken_file = "own.token"\n')
    (tmp_path / "own.token").write_text("  a-token\n")
    assert control_token(settings_of(file)) == "a-token"


@pytest.mark.parametrize("text", ["", "a viewer x\na viewer y\n"])
def test_a_token_file_that_lets_nobody_in_is_told(tmp_path: Path, text: str) -> None:
    """Empty, or two callers of one name: a sentence with the file, at the start."""
    file = tmp_path / "outreachd.toml"
    file.write_text(f'[state]\ndirectory = "{tmp_path}"\n')
    (tmp_path / "control.token").write_text(text)
    with pytest.raises(FailedError, match=r"control\.token: .*(empty|same name)"):
        control_token(settings_of(file))
