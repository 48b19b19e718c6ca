"""CSV files from anywhere, read row by row in bounded memory.

The delimiter (``,`` ``;`` or tab) is found in the header or named by a line ``sep=;``
before it; a BOM and quotes are understood. Text is UTF-8, UTF-16 where its bytes show
it, or what the caller names; else the whole file is refused, with the line and a guess
(``text_encoding``). A record may span lines inside quotes; lines and records have a
cap, so that a line of a gigabyte is skipped over, not read. Lines count from 1.
Errors: ConfigError for a file that cannot be used; one bad record is a ``BadRow``.
Source: RFC 4180; Python's csv module, strict mode.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from outreachd.mistakes import ConfigError, Mistake
from outreachd.text_encoding import UTF8, as_utf8

MAX_RECORD = 64 * 1024  # bytes; a contact with a page of notes has 4 kB
MAX_COLUMNS = 200
_CHUNK = 1 << 20  # bytes read at a time where a line is only passed over
# A spreadsheet's way to name the delimiter, on a line of its own.
_SEPARATOR = re.compile(r'"?sep=([,;\t])"?[\r\n]*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"?')


@dataclass(frozen=True, slots=True)
class Row:
    """One record: as many values as the header has names."""

    line: int
    values: list[str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be read, and why."""

    line: int
    reason: str


class Sheet:
    """An open CSV file: its header, then its rows, once."""

    def __init__(self, path: Path, file: BinaryIO, encoding: str = UTF8) -> None:
        self._path = path
        self._lines = _Lines(as_utf8(file, encoding))
        self._delimiter = ","
        self.header = self._read_header()

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read on; lines without a value are passed over."""
        width = len(self.header)
        while (row := self._record()) is not None:
            if isinstance(row, Row) and not any(map(str.strip, row.values)):
                continue
            if isinstance(row, Row) and len(row.values) != width:
                reason = f"has {len(row.values)} values where the header has {width}"
                row = BadRow(row.line, reason)
            yield row

    def _read_header(self) -> list[str]:
        first = self._lines.peek()
        if named := _SEPARATOR.fullmatch(first):
            self._lines.begin()
            next(self._lines)
            self._delimiter = named[1]
        else:
            bare = _QUOTED.sub("", first)
            self._delimiter = max(",;\t", key=bare.count)
        row = self._record()
        if row is None:
            raise self._unusable(1, "is empty: the first line must name the columns")
        if isinstance(row, BadRow):
            raise self._unusable(row.line, f"the header {row.reason}")
        if len(row.values) > MAX_COLUMNS:
            raise self._unusable(row.line, f"has more than {MAX_COLUMNS} columns")
        return [name.strip() for name in row.values]

    def _record(self) -> Row | BadRow | None:
        lines = self._lines
        lines.begin()
        try:
            values = next(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except StopIteration:
            return None
        except _TooLongError as error:
            return BadRow(lines.first, str(error))
        except csv.Error as error:
            lines.rewind()
            if "new-line character" in str(error):
                return BadRow(lines.first, "has a lone CR: save the file as CSV UTF-8")
            return BadRow(lines.first, "has a quote that is not closed properly")
        return Row(lines.first, values)

    def _unusable(self, line: int, message: str) -> ConfigError:
        return ConfigError([Mistake(self._path, line, message)])


class _TooLongError(Exception):
    """A record passes the cap."""


class _Lines:
    """The lines of one record after another, with a way back to its second line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ahead: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self._next = 1  # number of the line that comes next
        self.first = 1  # number of the record's first line

    def begin(self) -> None:
        self._taken, self._size, self.first = [], 0, self._next

    def peek(self) -> str:
        if not self._ahead and (line := self._read()):
            self._ahead.append(line.removeprefix("\ufeff"))
        return self._ahead[0] if self._ahead else ""

    def rewind(self) -> None:
        """Read again from the record's second line: its first is to blame."""
        self._ahead.extendleft(reversed(self._taken[1:]))
        self._next = self.first + 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else self._read()
        if not line:
            if len(self._taken) > 1:  # the file ended inside quotes
                raise csv.Error
            raise StopIteration
        self._next += 1
        self._taken.append(line)
        self._size += len(line)
        if self._size > MAX_RECORD:
            if len(self._taken) == 1:
                raise _TooLongError(f"is longer than {MAX_RECORD // 1024} kB")
            raise csv.Error  # a stray quote has swallowed what follows
        return line

    def _read(self) -> str:
        raw = self._file.readline(MAX_RECORD + 1)
        if len(raw) > MAX_RECORD and not raw.endswith(b"\n"):
            self._pass_over()
        return raw.decode(UTF8, "ignore")  # `check_encoding` has read it all

    def _pass_over(self) -> None:
        while (raw := self._file.readline(_CHUNK)) and not raw.endswith(b"\n"):
            pass
