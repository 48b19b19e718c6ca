"""The processes of a test: SMTP servers and daemons, and waiting for what they do.

Each is started for real and ended by its pid. Nothing sleeps for a fixed time but to
look again at what another process does. Seconds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from outreachd.clock import RealClock
from tests.stopwatch import Stopwatch

CLOCK = RealClock()
LOOK_S = 0.02
PATIENCE_S = 90.0  # until a test gives up; what must be quick is judged by its time


async def until(
    condition: Callable[[], bool | Awaitable[bool]], limit_s: float, what: str
) -> float:
    """Look until a condition holds; tell how long that took, or fail in words."""
    watch = Stopwatch()
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return watch.seconds()
        assert watch.elapsed_s() < limit_s, f"waited {limit_s:g} s until {what}"
        await CLOCK.sleep(LOOK_S)


@dataclass
class Sink:
    """One SMTP server process, the account of that name, and its log."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]
    port: int

    @classmethod
    def start(cls, log: Path, slow_ms: float) -> Sink:
        """Start it on a free port; it answers each dot after ``slow_ms``."""
        command = [sys.executable, "-m", "outreachd.demo.sink", "--fsync"]
        command += ["--log", str(log), "--account", log.stem]
        command += ["--slow-ms", str(slow_ms)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout
        port = json.loads(process.stdout.readline())["port"]
        return cls(log.stem, log, process, port)

    def stop(self) -> None:
        """End it by the end of its input."""
        self.process.communicate(timeout=PATIENCE_S)


@dataclass
class Running:
    """One ``outreachd run``."""

    process: subprocess.Popen[bytes]
    log: Path
    control: str
    public: str
    token_file: Path

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it as a power cut would, and reap it."""
        self.signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    async def terminated(self, limit_s: float = PATIENCE_S) -> int:
        """Ask it to end; tell its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended(limit_s)

    async def ended(self, limit_s: float = PATIENCE_S) -> int:
        """Wait for its end; tell its exit code."""
        with suppress(ProcessLookupError):
            await until(lambda: self.process.poll() is not None, limit_s, "it ended")
        return self.process.wait()

    def events(self) -> list[dict[str, Any]]:
        """Read what it logged."""
        return [
            json.loads(line)
            for line in self.log.read_bytes().splitlines()
            if line.startswith(b"{")
        ]

    async def until_said(self, event: str, limit_s: float = PATIENCE_S) -> float:
        """Wait until it has logged an event; tell the seconds."""
        return await until(lambda: bool(self.said(event)), limit_s, f"it said {event}")

    def said(self, event: str) -> list[dict[str, Any]]:
        """Tell the lines of one event."""
        return [line for line in self.events() if line["event"] == event]

    def rss_mb(self) -> float:
        """Tell the memory it holds."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise AssertionError("no VmRSS")

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        key: str = "",
    ) -> tuple[int, dict[str, Any]]:
        """Call the control listener, with its token or another; ``key`` = once."""
        token = token or self.token_file.read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        if key:
            headers["Idempotency-Key"] = key
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.request(method, self.control + path, json=body) as got:
                return got.status, await got.json(content_type=None)

    async def status_of(self, path: str) -> int:
        """Tell only the status of an open path; 0 = nobody answers."""
        try:
            async with aiohttp.ClientSession() as session:
                async with session.get(self.control + path) as got:
                    return got.status
        except aiohttp.ClientConnectionError:
            return 0
