"""A small real SMTP server that keeps its own log: `python -m outreachd.demo.sink`.

A program of its own, so that what it says about the daemon is a second opinion. It
listens on free ports of 127.0.0.1, prints them as one JSON line, `{"port": N,
"ports": [...], "accounts": [...]}`, and ends when its standard input ends: it dies
with its parent. Ctrl-C is left to the parent, which may still want to be answered.

Options play the weather: greylisting of a share of recipients, slow answers, a virtual
clock. Without one, letters are dated by the machine's clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

import uvloop

from outreachd.clock import RealClock
from outreachd.demo.book import Book
from outreachd.demo.clockfile import ClockFile
from outreachd.demo.dialogue import Dialogue, Letter

LATER = b"451 4.7.1 come back later\r\n"


class Greylist:
    """Refuses a share of recipients the first time; who they are is always the same."""

    def __init__(self, share: float) -> None:
        self._below = int(share * 2**32)
        self._seen: set[str] = set()

    def refusal(self, recipient: str) -> bytes | None:
        """Tell the reply that refuses, or None."""
        address = recipient.lower()
        if crc32(address.encode()) >= self._below or address in self._seen:
            return None
        self._seen.add(address)
        return LATER


@dataclass(slots=True)
class Counter:
    """The desk of one port: what it accepts belongs to one account."""

    account: str
    book: Book
    greylist: Greylist
    slow_s: float

    def refusal(self, recipient: str) -> bytes | None:
        """Tell the reply that refuses a recipient, or None."""
        return self.greylist.refusal(recipient)

    def accept(self, letter: Letter, done: Callable[[], object]) -> None:
        """Write the letter down, wait as slow servers do, then answer."""
        if self.slow_s:
            loop = asyncio.get_running_loop()
            done = partial(loop.call_later, self.slow_s, done)
        self.book.enter(self.account, letter, done)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvloop.run(_serve(_options(arguments)))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="outreachd.demo.sink")
    parser.add_argument("--log", type=Path, required=True, help="append letters here")
    parser.add_argument("--fsync", action="store_true", help="log to disk, then answer")
    parser.add_argument("--clock", type=Path, help="file that shows the virtual time")
    parser.add_argument("--greylist", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--slow-ms", type=float, default=0.0)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--ports", type=int, default=1, help="that many, named by number"
    )
    which.add_argument("--account", action="append", help="a port of that name; repeat")
    return parser.parse_args(arguments)


async def _serve(options: argparse.Namespace) -> None:
    book = Book(options.log, _clock(options.clock), fsync=options.fsync)
    greylist = Greylist(options.greylist)
    loop = asyncio.get_running_loop()
    counters: dict[int, Counter] = {}
    for name in options.account or [""] * options.ports:
        counter = Counter(name, book, greylist, options.slow_ms / 1000)
        server = await loop.create_server(
            partial(Dialogue, counter), "127.0.0.1", 0, backlog=1024
        )
        port = server.sockets[0].getsockname()[1]
        counter.account = name or str(port)
        counters[port] = counter
    ports = list(counters)
    accounts = [counter.account for counter in counters.values()]
    told = {"port": ports[0], "ports": ports, "accounts": accounts}
    print(json.dumps(told), flush=True)
    await _end_of_input()


def _clock(path: Path | None) -> Callable[[], float]:
    if path:
        return ClockFile(path).read
    clock = RealClock()
    return lambda: clock.now().timestamp()


async def _end_of_input() -> None:
    """Wait in a thread, since a pipe, a terminal and a file all end differently."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    main()
