"""Every SQL statement of the project by its name, read from ``queries/*.sql`` once.

In a file a line ``-- name: claim_queue`` begins a statement; the comment lines below
it are its documentation and travel with it, so that they are seen in the server's
log and views too. A name given twice, or one without a statement, stops the start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

DIRECTORY = Path(__file__).parent / "queries"
HEADING = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


class StatementError(Exception):
    """A file of queries cannot be read as named statements."""


def read_statements(files: Iterable[Path]) -> dict[str, str]:
    """Read named statements from files; names must be unique over all of them."""
    found: dict[str, str] = {}
    for file in files:
        _before, *rest = HEADING.split(file.read_text(encoding="utf-8"))
        for name, body in zip(rest[::2], rest[1::2], strict=True):
            if name in found:
                raise StatementError(f"{file.name}: the name {name} is given twice")
            found[name] = _statement(file, name, body)
    return found


def text(name: str) -> str:
    """Give the statement of this name."""
    return _STATEMENTS[name]


def _statement(file: Path, name: str, body: str) -> str:
    lines = [line for line in body.splitlines() if line.strip()]
    if all(line.lstrip().startswith("--") for line in lines):
        raise StatementError(f"{file.name}: {name} holds no statement")
    return "\n".join(lines)


_STATEMENTS = read_statements(sorted(DIRECTORY.glob("*.sql")))
NAMES = frozenset(_STATEMENTS)
