"""The SMTP server's own log: one JSON line for each letter, before it is answered.

Lines of one pass of the event loop are written together, and with ``fsync`` brought
to the disk together (group commit); only then the clients hear 250. So what was
answered is in the log, whatever is killed. Times are epoch seconds on the clock the
book was given.

Errors: OSError from the disk goes up to the event loop, and nobody is answered.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from outreachd.demo.dialogue import Letter
from outreachd.demo.referee import Accepted

_HEADER = re.compile(
    rb"^(from|to|message-id|in-reply-to):[ \t]*((?:.*\n[ \t])*.*)$",
    re.IGNORECASE | re.MULTILINE,
)


class Line(msgspec.Struct, rename={"from_": "from"}):
    """One accepted letter: the envelope, and four headers as the letter has them."""

    at: float  # epoch seconds
    account: str  # the server's name or port
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    in_reply_to: str
    from_: str
    to: str


class Book:
    """The writing side."""

    def __init__(
        self, path: Path, now: Callable[[], float], *, fsync: bool = False
    ) -> None:
        self._file = path.open("ab")
        self._now = now
        self._fsync = fsync
        self._lines: list[bytes] = []
        self._waiting: list[Callable[[], object]] = []

    def enter(self, account: str, letter: Letter, done: Callable[[], object]) -> None:
        """Write a letter down, with others of this moment, then call ``done``."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._commit)
        line = _line(self._now(), account, letter)
        self._lines.append(msgspec.json.encode(line) + b"\n")
        self._waiting.append(done)

    def close(self) -> None:
        """Close the file; what was not committed was not answered either."""
        self._file.close()

    def _commit(self) -> None:
        lines, waiting = self._lines, self._waiting
        self._lines, self._waiting = [], []
        self._file.write(b"".join(lines))
        self._file.flush()
        if self._fsync:
            os.fdatasync(self._file.fileno())
        for done in waiting:
            done()


def read(path: Path) -> Iterator[Accepted]:
    """Read what was accepted, one for each recipient; a torn last line is no letter."""
    decode = msgspec.json.Decoder(Line).decode
    with path.open("rb") as file:
        for text in file:
            if text.endswith(b"\n"):
                line = decode(text)
                for recipient in line.recipients:
                    yield Accepted(
                        line.at, line.sender, recipient, line.message_id, line.account
                    )


def _line(at: float, account: str, letter: Letter) -> Line:
    head = letter.content.partition(b"\r\n\r\n")[0]
    headers = {
        name.lower(): b" ".join(value.split()).decode("utf-8", "replace")
        for name, value in _HEADER.findall(head)
    }
    return Line(
        at=at,
        account=account,
        sender=letter.sender,
        recipients=letter.recipients,
        message_id=headers.get(b"message-id", ""),
        in_reply_to=headers.get(b"in-reply-to", ""),
        from_=headers.get(b"from", ""),
        to=headers.get(b"to", ""),
    )
