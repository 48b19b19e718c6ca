"""One table or CSV row each, checked by itself, that still knows where it stands.

``Entry`` is a table that passed its model, with a way to name its lines in a later
mistake. ``Findings`` collects mistakes, so that a file is mended in one go: a bad table
is left out and reported, and its name still counts as known to those that refer to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from outreachd.fleet.sender_tables import MailboxTable
from outreachd.mistakes import Mistake, from_pydantic, unknown
from outreachd.sheet import BadRow, Sheet
from outreachd.text_encoding import check_encoding
from outreachd.toml_lines import KeyPath, TomlFile

T = TypeVar("T", bound=BaseModel)
Place = Callable[[KeyPath], tuple[Path, int | None]]  # of a key within an entry


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A checked table and where it stands."""

    table: T
    place: Place

    def where(self) -> str:
        """Tell file and line, for a second entry that clashes with this one."""
        file, line = self.place(())
        return f"{file.name}:{line}"


@dataclass(slots=True)
class Findings:
    """The mistakes found so far."""

    mistakes: list[Mistake] = field(default_factory=list)
    left_out: set[type[BaseModel]] = field(default_factory=set)  # of bad tables

    def add(self, place: Place, key: KeyPath, message: str) -> None:
        """Note a mistake in a key of an entry."""
        file, line = place(key)
        self.mistakes.append(Mistake(file, line, message))

    def entries(
        self, model: type[T], raw: list[Any], places: list[Place]
    ) -> list[Entry[T]]:
        """Check tables one by one; the bad ones are noted and left out."""
        found = []
        for table, place in zip(raw, places, strict=True):
            if entry := self.entry(model, table, place, strict=True):
                found.append(entry)
        return found

    def entry(
        self, model: type[T], raw: Any, place: Place, *, strict: bool
    ) -> Entry[T] | None:
        """Check one table; None if it is bad."""
        try:
            return Entry(model.model_validate(raw, strict=strict), place)
        except ValidationError as error:
            for key, message in from_pydantic(error, model):
                self.add(place, key, message)
            self.left_out.add(model)
            return None


def place_in(file: TomlFile, *prefix: str | int) -> Place:
    """Tell lines of keys below a path of a TOML file."""
    return lambda key: (file.path, file.line((*prefix, *key)))


def csv_mailboxes(path: Path, findings: Findings) -> Iterator[Entry[MailboxTable]]:
    """Read the CSV of mailboxes: the keys of [[mailbox]] as columns."""
    with path.open("rb") as file:
        sheet = Sheet(path, file, check_encoding(path, file))
        if not _is_header_known(path, sheet.header, findings):
            return
        for row in sheet:
            place = _line_place(path, row.line)
            if isinstance(row, BadRow):
                findings.add(place, (), f"the row {row.reason}")
                continue
            cells = dict(zip(sheet.header, row.values, strict=True))
            entry = findings.entry(MailboxTable, _typed(cells), place, strict=False)
            if entry:
                yield entry


def _line_place(path: Path, line: int) -> Place:
    return lambda _key: (path, line)


def _is_header_known(path: Path, header: list[str], findings: Findings) -> bool:
    place = _line_place(path, 1)
    before = len(findings.mistakes)
    for name in header:
        if name not in MailboxTable.model_fields:
            findings.add(place, (), unknown("column", name, MailboxTable.model_fields))
        if header.count(name) > 1 and name in MailboxTable.model_fields:
            findings.add(place, (), f'column "{name}" is there twice')
    for name in ("address", "name"):
        if name not in header:
            findings.add(place, (), f'column "{name}" is missing')
    return len(findings.mistakes) == before


def _typed(cells: dict[str, str]) -> dict[str, Any]:
    """Drop empty cells, which mean the default, and part the tags."""
    given: dict[str, Any] = {k: v.strip() for k, v in cells.items() if v.strip()}
    if "tags" in given:
        tags = given["tags"].replace("|", ";").split(";")
        given["tags"] = [tag.strip() for tag in tags if tag.strip()]
    return given
