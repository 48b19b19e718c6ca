"""Reads the SMTP server's log while it grows, each letter once.

For the live picture: reading the whole log anew several times a second would cost more
than sending. A line that is still being written is left for the next time.
Errors: OSError where the log cannot be read.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import msgspec

from outreachd.demo.book import Line


class Tail:
    """The end of a log; a context manager that holds the file open."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""
        self._decode = msgspec.json.Decoder(Line).decode

    def __enter__(self) -> Tail:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def new(self) -> list[Line]:
        """Read the letters that were accepted since the last call."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        return [self._decode(line) for line in lines]
