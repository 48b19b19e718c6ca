"""The week's daemon: the real one in a process of its own, on a clock that jumps.

``python -m tests.bench.week_daemon SETTINGS CLOCK BEGIN END``: instants in ISO 8601;
the clock file shows the others what time it is. All is what ``outreachd run`` runs, its
listeners, chores and leases too; only the clock it plans by is virtual. It stops by
itself when the end has come, and at the end of its standard input.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from datetime import datetime
from pathlib import Path

import uvloop

from outreachd.clock import VirtualClock
from outreachd.config_file import load
from outreachd.daemon import Daemon
from outreachd.demo.clockfile import ClockFile
from outreachd.demo.day import POLL_S, running

# What falls into one step is done together, never early: virtual seconds.
STEP_S = 120.0


class PatientClock(VirtualClock):
    """A virtual clock on which nobody waits for less than a step."""

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event or for the virtual limit, rounded up to a step."""
        return await super().wait(event, max(seconds, STEP_S))


async def live(config: Path, file: Path, begins: datetime, ends: datetime) -> None:
    """Run from the beginning to the end."""
    time, loop = ClockFile(file), asyncio.get_running_loop()
    over = asyncio.Event()

    def tell(now: datetime) -> None:
        time.tell(now.timestamp())
        if now >= ends:
            over.set()

    def read() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=read, daemon=True).start()
    settings = load(config)
    poll = {"claim_poll_s": POLL_S}  # beyond what is sane on a clock that does not jump
    send = settings.send.model_copy(update=poll)
    settings = settings.model_copy(update={"send": send})
    clock = PatientClock(begins, on_jump=tell)
    daemon = Daemon(settings, settings.database.dsn, "t" * 43, clock)
    async with running(daemon, clock) as ended:
        waiting = asyncio.create_task(over.wait())
        await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


def main(arguments: list[str]) -> None:
    """Live."""
    config, file, begins, ends = arguments
    begin, end = datetime.fromisoformat(begins), datetime.fromisoformat(ends)
    uvloop.run(live(Path(config), Path(file), begin, end))


if __name__ == "__main__":
    main(sys.argv[1:])
