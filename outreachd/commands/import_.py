"""``outreachd import FILE --campaign NAME``: contacts from a CSV file.

Streams: a batch of rows is checked, kept and enrolled in one transaction, then the
next. Every row that does not go in is told with its line and reason; the rest go in.
Running it twice, or again after it was cut off, changes nothing that is already in.
Errors: ConfigError for a file that cannot be used, then nothing went in;
NoCampaignError; LedgerAwayError, then the batches before it are in.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from outreachd.clock import Clock
from outreachd.mistakes import ConfigError, Mistake, unknown
from outreachd.rules.contact_row import (
    HeaderError,
    NewContact,
    RowError,
    read_header,
    read_row,
)
from outreachd.sheet import BadRow, Row, Sheet, check_encoding
from outreachd.store.contacts import Target, campaign_names, enrol, find_target
from outreachd.store.database import Database

BATCH = 2000  # rows of one transaction


class NoCampaignError(Exception):
    """The fleet has no campaign of that name; the text names those it has."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that did not go in. ``word`` is counted, ``reason`` is for people."""

    line: int
    email: str
    word: str  # refused, duplicate or suppressed
    reason: str


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told while an import runs."""

    refusal: Callable[[Refusal], None]
    progress: Callable[[Counter[str]], None]


async def import_contacts(
    database: Database, clock: Clock, path: Path, campaign: str, telling: Telling
) -> Counter[str]:
    """Import a file; tell how many rows there were and what became of them."""
    async with database.connection() as connection:
        target = await find_target(connection, campaign)
        if target is None:
            names = await campaign_names(connection)
            raise NoCampaignError(unknown("campaign", campaign, names))
    counts = Counter(rows=0, enrolled=0, known=0, suppressed=0, duplicate=0, refused=0)
    rows = read_contacts(path)
    while batch := list(islice(rows, BATCH)):
        counts["rows"] += len(batch)
        for refusal in await _enrol(database, clock, target, batch, counts):
            counts[refusal.word] += 1
            telling.refusal(refusal)
        telling.progress(counts)
    return counts


async def _enrol(
    database: Database,
    clock: Clock,
    target: Target,
    batch: Iterable[NewContact | Refusal],
    counts: Counter[str],
) -> list[Refusal]:
    contacts = [row for row in batch if isinstance(row, NewContact)]
    refusals = [row for row in batch if isinstance(row, Refusal)]
    async with database.connection() as connection:
        done = await enrol(connection, target, contacts, now=clock.now())
    counts["enrolled"] += done.enrolled
    counts["known"] += len(contacts) - len(done.suppressed) - done.enrolled
    reason = "must not be written to: it is suppressed"
    refusals += [
        Refusal(contact.line, contact.email, "suppressed", reason)
        for contact in done.suppressed
    ]
    return sorted(refusals, key=lambda refusal: refusal.line)


def read_contacts(path: Path) -> Iterator[NewContact | Refusal]:
    """Read a file row by row; an address that comes again is refused."""
    try:
        with path.open("rb") as file:
            check_encoding(path, file)
            sheet = Sheet(path, file)
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
    email_at = header.index("email")
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
    with path.open("w", newline="", encoding="utf-8") as file:
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
