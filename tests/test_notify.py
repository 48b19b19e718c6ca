"""What systemd hears from us, on real datagram sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreachd.notify import sd_notify, watchdog_interval_s


@pytest.fixture(params=["path", "abstract"])
def manager(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """Listen like systemd does, on both kinds of socket it uses."""
    monkeypatch.chdir(tmp_path)  # socket paths are short
    name = f"outreachd-test-{os.getpid()}" if request.param == "abstract" else "notify"
    abstract = request.param == "abstract"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name if abstract else name)
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
        yield listener


def test_the_manager_hears_every_line(manager: socket.socket) -> None:
    """One datagram carries all lines, as sd_notify(3) wants it."""
    assert sd_notify("READY=1", "STATUS=one daemon, 3 mailboxes")
    assert manager.recv(1000) == b"READY=1\nSTATUS=one daemon, 3 mailboxes"


def test_a_full_manager_does_not_stop_us(manager: socket.socket) -> None:
    """When nobody reads, telling fails at once instead of blocking the loop."""
    told = [sd_notify("WATCHDOG=1" + "x" * 4000) for _ in range(2000)]
    assert told[0] is True
    assert told[-1] is False


def test_nobody_there_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without systemd, or when it went away, nothing is told and nothing raised."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert sd_notify("READY=1") is False
    monkeypatch.setenv("NOTIFY_SOCKET", "/nonexistent/socket")
    assert sd_notify("READY=1") is False


@pytest.mark.parametrize(
    ("limit_us", "pid", "interval_s"),
    [
        ("30000000", None, 15.0),
        ("30000000", "ours", 15.0),
        ("30000000", "1", None),
        (None, None, None),
        ("0", None, None),
        ("soon", None, None),
        ("9" * 5000, None, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_asked(
    limit_us: str | None,
    pid: str | None,
    interval_s: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half the limit leaves room for one late ping; a limit for others is not ours."""
    pid = str(os.getpid()) if pid == "ours" else pid  # test ids must not vary
    for name, value in (("WATCHDOG_USEC", limit_us), ("WATCHDOG_PID", pid)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert watchdog_interval_s() == interval_s
