"""Tables of phrases: how the words of many languages are written down here.

A table is text: alternatives of one regular expression, as many a line as fit, joined
by ``|``. A line that begins with four spaces goes on where the last one broke off; a
line that begins with ``#`` names the language or the source and is left out. Asked in
order, as everywhere: an alternative further up wins.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Rule(NamedTuple):
    """A reason and the pattern that tells it."""

    reason: str
    pattern: re.Pattern[str]


def rules(*rows: tuple[str, str]) -> tuple[Rule, ...]:
    """Compile a list of reasons, each with its table, to be asked in this order."""
    return tuple(Rule(reason, phrases(table)) for reason, table in rows)


def phrases(table: str, flags: int = 0) -> re.Pattern[str]:
    """Compile a table."""
    return re.compile(one_of(table), flags)


def one_of(table: str) -> str:
    """Write a table as one group, for a larger expression."""
    written = ""
    for line in table.strip("\n").split("\n"):
        if line.startswith("    "):
            written += line[4:]
        elif line and not line.startswith("#"):
            written += f"|{line}" if written else line
    return f"(?:{written})"
