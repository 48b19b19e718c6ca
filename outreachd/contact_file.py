"""Contact files: each row a contact, or a refusal with its line and reason.

``read_contacts`` streams a CSV file; an address that comes again is refused, so that
what comes out holds everybody once. ``report_to`` writes refusals to a CSV that does
nothing when a spreadsheet opens it. Memory: 60 bytes a row, for the addresses seen.
Errors: ConfigError for a file that cannot be used at all.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from outreachd.mistakes import ConfigError, Mistake
from outreachd.rules.contact_row import (
    EMAIL,
    HeaderError,
    NewContact,
    RowError,
    read_header,
    read_row,
)
from outreachd.sheet import BadRow, Row, Sheet
from outreachd.text_encoding import check_encoding


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that did not go in. ``word`` is counted, ``reason`` is for people."""

    line: int
    email: str
    word: str  # refused, duplicate or suppressed
    reason: str

    @property
    def whom(self) -> str:
        """Tell the address as far as it can be shown on a terminal."""
        shown = "".join(c for c in self.email[:254] if c.isprintable())
        return f" ({shown})" if shown else ""


def read_contacts(path: Path) -> Iterator[NewContact | Refusal]:
    """Read a file row by row; an address that comes again is refused."""
    try:
        with path.open("rb") as file:
            sheet = Sheet(path, file, check_encoding(path, file))
            yield from _first_of_each(_checked(sheet, _header(path, sheet)))
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        raise ConfigError([Mistake(path, None, f"cannot be read: {why}")]) from None


def _header(path: Path, sheet: Sheet) -> list[str]:
    try:
        return read_header(sheet.header)
    except HeaderError as error:
        raise ConfigError([Mistake(path, 1, str(error))]) from None


def _checked(
    rows: Iterable[Row | BadRow], header: list[str]
) -> Iterator[NewContact | Refusal]:
    email_at = header.index(EMAIL)
    for row in rows:
        if isinstance(row, BadRow):
            yield Refusal(row.line, "", "refused", f"the row {row.reason}")
            continue
        try:
            yield read_row(header, row.values, row.line)
        except RowError as error:
            yield Refusal(row.line, row.values[email_at], "refused", str(error))


def _first_of_each(
    rows: Iterable[NewContact | Refusal],
) -> Iterator[NewContact | Refusal]:
    # Hashes instead of addresses: a million rows take 60 MB instead of 150.
    seen: set[int] = set()
    for row in rows:
        if isinstance(row, Refusal):
            yield row
        elif (mark := hash(row.email)) in seen:
            reason = "is in this file more than once: the first row counts"
            yield Refusal(row.line, row.email, "duplicate", reason)
        else:
            seen.add(mark)
            yield row


@contextmanager
def report_to(path: Path) -> Iterator[Callable[[Refusal], None]]:
    """Write refusals to a CSV that is safe to open in a spreadsheet."""
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        raise ConfigError([Mistake(path, None, f"cannot be written: {why}")]) from None
    with file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["line", "email", "what", "reason"])
        yield lambda refusal: writer.writerow(
            map(
                _inert, (str(refusal.line), refusal.email, refusal.word, refusal.reason)
            )
        )


def _inert(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
