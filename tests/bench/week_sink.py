"""The week's SMTP server: a process that writes down the headers a referee needs.

One JSON line a letter before it is answered, as the demo's server has it, but of the
whole thread: Message-ID, In-Reply-To, References, the opt-out link, and the reference
``campaign/step`` that the texts of the week carry. ``at`` is the virtual time in epoch
seconds, ``real`` the machine's clock at that moment. Ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec
import uvloop

from outreachd.clock import RealClock
from outreachd.demo.clockfile import ClockFile
from outreachd.demo.dialogue import Dialogue, Letter

_HEADER = re.compile(
    rb"^(message-id|in-reply-to|references|list-unsubscribe):[ \t]*((?:.*\n[ \t])*.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_LINK = re.compile(rb"<https?://[^>]*?(/u/[\w-]+)>")
_MARK = re.compile(rb"Reference: ([a-z0-9-]+)/([0-9])")


class Line(msgspec.Struct, kw_only=True):
    """One accepted letter."""

    at: float
    real: float
    sender: str
    recipient: str
    message_id: str
    in_reply_to: str
    references: str
    leave: str  # path of the opt-out page
    campaign: str
    step: int


_decode = msgspec.json.Decoder(Line).decode


class Log:
    """The reading side: the letters that came since the last look."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""

    def new(self) -> list[Line]:
        """Read on; a line that is still being written is left for the next time."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        return [_decode(line) for line in lines]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class Desk:
    """Takes everything, and writes it down with one write each pass of the loop."""

    def __init__(self, file: BinaryIO, now: Callable[[], float]) -> None:
        self._file = file
        self._now = now
        self._house = RealClock()
        self._lines: list[bytes] = []
        self._waiting: list[Callable[[], object]] = []

    def refusal(self, recipient: str) -> bytes | None:
        """Refuse nobody."""
        return None

    def accept(self, letter: Letter, done: Callable[[], object]) -> None:
        """Write the letter down with others of this moment, then call ``done``."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._commit)
        line = self._line(letter)
        self._lines.append(msgspec.json.encode(line) + b"\n")
        self._waiting.append(done)

    def _commit(self) -> None:
        lines, waiting = self._lines, self._waiting
        self._lines, self._waiting = [], []
        self._file.write(b"".join(lines))
        self._file.flush()
        for done in waiting:
            done()

    def _line(self, letter: Letter) -> Line:
        head, _, body = letter.content.partition(b"\r\n\r\n")
        found = {
            name.lower(): b" ".join(v.split()) for name, v in _HEADER.findall(head)
        }
        link = _LINK.search(found.get(b"list-unsubscribe", b""))
        mark = _MARK.search(body)
        [recipient] = letter.recipients
        return Line(
            at=self._now(),
            real=self._house.now().timestamp(),
            sender=letter.sender,
            recipient=recipient,
            message_id=found.get(b"message-id", b"").decode(),
            in_reply_to=found.get(b"in-reply-to", b"").decode(),
            references=found.get(b"references", b"").decode(),
            leave=link[1].decode() if link else "",
            campaign=mark[1].decode() if mark else "",
            step=int(mark[2]) if mark else 0,
        )


async def serve(log: Path, clock: Path) -> None:
    """Serve on a free port, told as a line of JSON, until standard input ends."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    with log.open("ab") as file:
        desk = Desk(file, ClockFile(clock).read)
        server = await loop.create_server(
            partial(Dialogue, desk), "127.0.0.1", 0, backlog=1024
        )
        print(json.dumps(server.sockets[0].getsockname()[1]), flush=True)

        def read() -> None:
            sys.stdin.buffer.read()
            loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=read, daemon=True).start()
        await ended.wait()
        server.close()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), Path(sys.argv[2])))
