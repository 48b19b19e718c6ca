"""``{% include "signature.txt" %}``, put in place when a fleet is applied.

The files are texts, not programs: what stands in them is pasted, so the daemon reads no
file and a letter is what was seen when it was applied. Always holds: a circle ends
with its names, the whole stays within bounds, and each line of the result can be
traced to its file. Errors: IncludeError, a sentence with file and line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from outreachd.rules.template import MAX_SOURCE

MAX_DEPTH = 8  # files within each other
MAX_INCLUDES = 200  # in the whole of a wording

_INCLUDE = re.compile(r"\{%[-+]?\s*include\b(.*?)%\}", re.DOTALL)
_NAME = re.compile(r"""\s*(?:"([^"\n]{1,200})"|'([^'\n]{1,200})')\s*[-+]?""")

Read = Callable[[str], str]  # a file's text by its name; ValueError says why not


class IncludeError(ValueError):
    """Something cannot be included; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with all it includes, and where each stretch of it comes from."""

    text: str
    # Of each stretch: its first character, and the file and line it begins on.
    _stretches: tuple[tuple[int, str, int], ...]

    def place(self, line: int) -> tuple[str, int]:
        """Tell file ("" = the wording itself) and line of a line of the text."""
        position = 0
        for _ in range(line - 1):
            position = self.text.find("\n", position) + 1
        starts = [start for start, _, _ in self._stretches]
        start, file, first = self._stretches[bisect_right(starts, position) - 1]
        return file, first + self.text.count("\n", start, position)


def expand(source: str, read: Read) -> Expanded:
    """Paste what a text includes, and what that includes."""
    pasting = _Pasting(read)
    pasting.paste(source, ())
    return Expanded("".join(pasting.pieces), tuple(pasting.stretches))


class _Pasting:
    def __init__(self, read: Read) -> None:
        self._read = read
        self._length = 0
        self._count = 0
        self.pieces: list[str] = []
        self.stretches: list[tuple[int, str, int]] = []

    def paste(self, source: str, within: tuple[str, ...]) -> None:
        """Take over a text; ``within`` names the files around it, outermost first."""
        file, end = (within[-1] if within else ""), 0
        for found in _INCLUDE.finditer(source):
            line = source.count("\n", 0, found.start()) + 1
            self._take(source, end, found.start(), file)
            end = found.end()
            try:
                name, text = self._included(found[1], within)
            except ValueError as error:
                where = f"{file}, line {line}" if file else f"line {line}"
                raise IncludeError(f"{where}: {error}") from None
            self.paste(text, (*within, name))
        self._take(source, end, len(source), file)

    def _take(self, source: str, start: int, end: int, file: str) -> None:
        self.stretches.append((self._length, file, source.count("\n", 0, start) + 1))
        self.pieces.append(source[start:end])
        self._length += end - start
        if self._length > MAX_SOURCE:
            raise IncludeError(
                f"with all it includes it is longer than {MAX_SOURCE} characters"
            )

    def _included(self, asked: str, within: tuple[str, ...]) -> tuple[str, str]:
        named = _NAME.fullmatch(asked)
        if named is None:
            raise ValueError('write {% include "FILE" %}, a file beside the fleet file')
        name = named[1] or named[2]
        if name in within:
            circle = " -> ".join((*within[within.index(name) :], name))
            raise ValueError(f"{circle} goes round in a circle")
        if len(within) >= MAX_DEPTH:
            raise ValueError(f"files include each other more than {MAX_DEPTH} deep")
        self._count += 1
        if self._count > MAX_INCLUDES:
            raise ValueError(f"it includes more than {MAX_INCLUDES} times")
        # A file ends with a line end of its own; the text around it has one too.
        return name, self._read(name).removesuffix("\n")
