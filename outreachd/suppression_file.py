"""Suppression files: lists brought from elsewhere, and our own written out.

``read_list`` streams a CSV file with a column ``target`` (or ``email``, ``address``,
``domain``) and, where they are known, ``reason``, ``source``, ``at``, ``client`` and
``campaign``; other columns mean nothing. ``list_to`` writes such a file, which can be
imported again and does nothing when a spreadsheet opens it. Each row that cannot be
used is told with its line. Errors: ConfigError for a file that is of no use at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from outreachd.contact_file import sheet_at
from outreachd.mistakes import ConfigError, Mistake
from outreachd.rules.contact_row import FORMULA_STARTS
from outreachd.rules.suppression import MAX_TEXT, Target, read_target
from outreachd.rules.written import parse_instant
from outreachd.sheet import BadRow, Row, Sheet
from outreachd.text_encoding import check_encoding

# What our own files hold; of foreign ones, what is named like it.
COLUMNS = ("target", "client", "campaign", "reason", "source", "author", "at")
_TARGETS = ("target", "email", "e_mail", "address", "domain")


@dataclass(frozen=True, slots=True)
class ListedRow:
    """Who is on a list; "" and None = the list does not say."""

    line: int
    target: Target
    client: str
    campaign: str
    reason: str
    source: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be used, and why."""

    line: int
    text: str
    reason: str


def read_list(
    path: Path, encoding: str | None = None
) -> Iterator[ListedRow | RefusedRow]:
    """Read a file row by row."""
    try:
        with path.open("rb") as file:
            found = check_encoding(path, file, encoding, option="--encoding")
            sheet = Sheet(path, file, found)
            columns = _Columns(path, sheet.header)
            for row in sheet:
                yield columns.read(row)
    except OSError as error:
        raise _unusable(path, None, f"cannot be read: {_why(error)}") from None


class _Columns:
    """Where the columns that mean something stand."""

    def __init__(self, path: Path, header: list[str]) -> None:
        names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in header]
        target = next((name for name in _TARGETS if name in names), None)
        if target is None:
            raise _unusable(
                path, 1, 'needs a column "target" or "email": the first line names them'
            )
        self._of_domains = target == "domain"
        self._places = {name: n for n, name in enumerate(names) if name in COLUMNS}
        self._places["target"] = names.index(target)

    def read(self, row: Row | BadRow) -> ListedRow | RefusedRow:
        """Read one row."""
        if isinstance(row, BadRow):
            return RefusedRow(row.line, "", f"the row {row.reason}")
        text = self._cell(row, "target")
        if self._of_domains and not {"@", "*"} & set(text):
            text = f"@{text}"
        try:
            return ListedRow(
                line=row.line,
                target=read_target(text),
                client=self._word(row, "client"),
                campaign=self._word(row, "campaign"),
                reason=self._word(row, "reason"),
                source=self._word(row, "source"),
                at=self._instant(row),
            )
        except ValueError as error:  # BadTargetError is one
            return RefusedRow(row.line, text, str(error))

    def _cell(self, row: Row, name: str) -> str:
        place = self._places.get(name)
        text = row.values[place].strip() if place is not None else ""
        # What ``inert`` put before a cell, or another program that does the same.
        if text.startswith("'") and text[1:].startswith(FORMULA_STARTS):
            return text[1:]
        return text

    def _word(self, row: Row, name: str) -> str:
        text = self._cell(row, name)
        if len(text) > MAX_TEXT or not text.isprintable():
            raise ValueError(
                f"{name} must be one line of at most {MAX_TEXT} printable characters"
            )
        return text

    def _instant(self, row: Row) -> datetime | None:
        text = self._cell(row, "at")
        if not text:
            return None
        try:
            return parse_instant(text)
        except ValueError as error:
            raise ValueError(f"at {error}") from None


# --- writing --------------------------------------------------------------------------


@contextmanager
def list_to(path: Path) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Write entries, as ``PgSuppressions.page`` gives them, to a CSV file."""
    with sheet_at(path) as write:
        write(COLUMNS)
        yield lambda entry: write([_shown(entry[name]) for name in COLUMNS])


@contextmanager
def refusals_to(path: Path) -> Iterator[Callable[[RefusedRow], None]]:
    """Write the rows that could not be used to a CSV file."""
    with sheet_at(path) as write:
        write(("line", "target", "reason"))
        yield lambda row: write([str(row.line), row.text, row.reason])


def _shown(value: str | datetime | None) -> str:
    return value.isoformat() if isinstance(value, datetime) else value or ""


def _why(error: OSError) -> str:
    return (error.strerror or "no reason given").lower()


def _unusable(path: Path, line: int | None, message: str) -> ConfigError:
    return ConfigError([Mistake(path, line, message)])
