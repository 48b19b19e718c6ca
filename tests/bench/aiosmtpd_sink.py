"""An SMTP server of the usual kind, in a process of its own: aiosmtpd, on uvloop.

Logs one line for each letter before it answers, as the demo's sink does. Prints its
port; ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from outreachd.clock import RealClock


class Log:
    """Writes down when each letter came."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._clock = RealClock()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Accept a letter."""
        print(json.dumps({"at": self._clock.now().timestamp()}), file=self._file)
        return "250 2.0.0 written down"


async def main(path: Path) -> None:
    """Serve until standard input ends."""
    loop, log = asyncio.get_running_loop(), Log(path)
    server = await loop.create_server(
        lambda: SMTP(log, hostname="localhost", loop=loop), "127.0.0.1", 0
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[2])))
