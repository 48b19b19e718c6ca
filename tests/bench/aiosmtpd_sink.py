"""An SMTP server of the usual kind, in a process of its own: aiosmtpd, on uvloop.

Logs one line for each letter before it answers, as the demo's sink does. Prints its
port; ends when its standard input ends. ``--away-ms`` puts it at a distance: so long is
every answer on its way.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import AnyStr

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from outreachd.clock import RealClock

CLOCK = RealClock()


class Log:
    """Writes down when each letter came."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Accept a letter."""
        print(json.dumps({"at": CLOCK.now().timestamp()}), file=self._file)
        return "250 2.0.0 written down"


class Distant(SMTP):
    """A server whose every answer takes its time to arrive."""

    def __init__(self, log: Log, away_s: float) -> None:
        super().__init__(log, hostname="localhost", loop=asyncio.get_running_loop())
        self._away_s = away_s

    async def push(self, status: AnyStr) -> None:
        """Answer, later."""
        if self._away_s:
            await CLOCK.sleep(self._away_s)
        await super().push(status)


async def main(path: Path, away_s: float) -> None:
    """Serve until standard input ends."""
    loop, log = asyncio.get_running_loop(), Log(path)
    server = await loop.create_server(lambda: Distant(log, away_s), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--away-ms", type=float, default=0.0)
    asked = parser.parse_args()
    uvloop.run(main(asked.log, asked.away_ms / 1000))
