"""Contact files: each row a contact, or a result with its line and reason.

``read_contacts`` streams a CSV file; an address that comes again is a duplicate, so
that what comes out holds everybody once. ``report_to`` writes what became of each row,
``people_to`` a list to import again; both make CSVs that do nothing when a spreadsheet
opens them. Memory: 60 bytes a row, for the addresses seen.
Errors: ConfigError for a file that cannot be used at all.
"""

from __future__ import annotations

import csv
import errno
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from outreachd.mistakes import ConfigError, Mistake
from outreachd.rules.contact_row import (
    EMAIL,
    FORMULA_STARTS,
    NO_CONSENT,
    Consent,
    HeaderError,
    NewContact,
    RowError,
    RowResult,
    read_header,
    read_row,
)
from outreachd.sheet import BadRow, Row, Sheet
from outreachd.text_encoding import check_encoding

Write = Callable[[Iterable[str]], None]
STDOUT = Path("-")
DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
REPORT = ("line", "email", "result", "reason", "why")


def read_contacts(
    path: Path, encoding: str | None = None, usual: Consent = NO_CONSENT
) -> Iterator[NewContact | RowResult]:
    """Read a file row by row; an address that comes again is refused.

    ``usual``: the consent of rows that tell none.
    """
    try:
        with path.open("rb") as file:
            found = check_encoding(path, file, encoding, option="--encoding")
            sheet = Sheet(path, file, found)
            rows = _checked(sheet, _header(path, sheet), usual)
            yield from first_of_each(rows)
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        raise ConfigError([Mistake(path, None, f"cannot be read: {why}")]) from None


def _header(path: Path, sheet: Sheet) -> list[str]:
    try:
        return read_header(sheet.header)
    except HeaderError as error:
        raise ConfigError([Mistake(path, 1, str(error))]) from None


def _checked(
    rows: Iterable[Row | BadRow], header: list[str], usual: Consent
) -> Iterator[NewContact | RowResult]:
    email_at = header.index(EMAIL)
    for row in rows:
        if isinstance(row, BadRow):
            yield RowResult(row.line, "", "refused", f"the row {row.reason}")
            continue
        try:
            yield read_row(header, row.values, row.line, usual)
        except RowError as error:
            yield RowResult(row.line, row.values[email_at], "refused", str(error))


def first_of_each(
    rows: Iterable[NewContact | RowResult], where: str = "this file"
) -> Iterator[NewContact | RowResult]:
    """Let each address through once; the others are duplicates of the first."""
    # Hashes instead of addresses: a million rows take 60 MB instead of 150.
    seen: set[int] = set()
    for row in rows:
        if isinstance(row, RowResult):
            yield row
        elif (mark := hash(row.email)) in seen:
            reason = f"is in {where} more than once: the first row counts"
            yield RowResult(row.line, row.email, "duplicate", reason)
        else:
            seen.add(mark)
            yield row


@contextmanager
def report_to(path: Path) -> Iterator[Callable[[RowResult], None]]:
    """Write what became of each row to a CSV that is safe in a spreadsheet."""
    with sheet_at(path) as write:
        write(REPORT)

        def tell(row: RowResult) -> None:
            write((str(row.line), row.email, row.result, row.reason, row.why))

        yield tell


@contextmanager
def people_to(path: Path, header: Sequence[str]) -> Iterator[Write]:
    """Write people to a CSV file that can be imported."""
    with sheet_at(path) as write:
        write(header)
        yield write


def people_onto(stream: TextIO, header: Sequence[str]) -> Write:
    """Write people to an open stream."""
    write = _rows_onto(stream)
    write(header)
    return write


@contextmanager
def sheet_at(path: Path) -> Iterator[Write]:
    """Write a CSV that is safe in a spreadsheet; "-" is standard output."""
    if path == STDOUT:
        yield _rows_onto(sys.stdout)
        return
    try:
        # Line by line: what a caller does after a row finds it on the disk.
        file = path.open(
            "w", buffering=1, newline="", encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with file:
            yield _rows_onto(file)
    except OSError as error:  # of the file; a caller's own is not ours to name
        if error.errno not in DISK_FAULTS:
            raise
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ConfigError:
    why = (error.strerror or "no reason given").lower()
    return ConfigError([Mistake(path, None, f"cannot be written: {why}")])


def _rows_onto(stream: TextIO) -> Write:
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)

    def write(cells: Iterable[str]) -> None:
        writer.writerow([inert(cell) for cell in cells])

    return write


def inert(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
