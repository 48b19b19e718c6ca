"""On which line of a TOML text each key stands, since tomllib does not say.

``lines_of(text)`` maps a path such as ``("campaign", 0, "step", 1, "after")`` to its
line, counted from 1; tables and inline tables are in it too. The text must already
have passed tomllib: nothing is checked here, and no value is understood beyond where
it ends. ``read_toml`` does both and keeps the text for a later question.
Errors: ConfigError with the line, for what cannot be read or is no TOML.
Source: TOML 1.0.0, sections "Keys", "Table" and "Array of Tables".
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from outreachd.mistakes import ConfigError, Mistake

KeyPath = tuple[str | int, ...]

MAX_BYTES = 64 * 2**20  # a fleet of 12 000 mailboxes written out takes 4 MB

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY_PART = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'([^\'\n]*)\'|([A-Za-z0-9_-]+)')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")
_ENDLESS = re.compile(r"[0-9][0-9_]{4299}")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")


@dataclass(frozen=True)
class TomlFile:
    """A TOML text that was read: its tables, and where each of them stands."""

    path: Path
    text: str
    tables: dict[str, Any]

    def line(self, path: KeyPath) -> int | None:
        """Tell the line of a key, or of the nearest table around it."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return None

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return lines_of(self.text)


def read_toml(path: Path) -> TomlFile:
    """Read a file; raises ConfigError if it is missing, too large or no TOML."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = (error.strerror or "cannot be read").lower()
        raise ConfigError([Mistake(path, None, f"cannot be read: {why}")]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([Mistake(path, None, "is larger than 64 MB")])
    try:
        text = raw.decode("utf-8-sig")
        return TomlFile(path, text, tomllib.loads(text))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([Mistake(path, line, "must be UTF-8 text")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_not_toml(path, str(error))]) from None
    except RecursionError:
        raise ConfigError([Mistake(path, None, "is nested too deeply")]) from None
    except ValueError:  # Python reads no whole number of more digits
        raise ConfigError([_endless(path, text)]) from None


def lines_of(text: str) -> dict[KeyPath, int]:
    """Tell the line of each table and key of a valid TOML text."""
    return _Scanner(text).scan()


def _not_toml(path: Path, message: str) -> Mistake:
    where = _AT_LINE.search(message)
    said = _AT_LINE.sub("", message).removesuffix(" (at end of document)")
    return Mistake(path, int(where[1]) if where else None, f"is not TOML: {said}")


def _endless(path: Path, text: str) -> Mistake:
    found = _ENDLESS.search(text)
    line = text.count("\n", 0, found.start()) + 1 if found else None
    return Mistake(path, line, "a number has too many digits to be one")


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0
        self._counts: dict[KeyPath, int] = {}  # tables seen in each [[array]]
        self._found: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._assignment(table)
        return self._found

    def _header(self) -> KeyPath:
        is_array = self._text.startswith("[[", self._at)
        self._at += 1 + is_array
        names = self._key()
        self._at += 1 + is_array
        path: KeyPath = ()
        for name in names[:-1]:  # a name on the way means the newest of its array
            path = (*path, name)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        path = (*path, names[-1])
        if is_array:
            self._note(path)
            self._counts[path] = self._counts.get(path, 0) + 1
            path = (*path, self._counts[path] - 1)
        self._note(path)
        return path

    def _assignment(self, table: KeyPath) -> None:
        path = table
        for name in self._key():
            path = (*path, name)
            self._note(path)
        self._at += 1  # the =
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._skip(_SPACE)
        opening = self._text[self._at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._skip(_STRING if opening in "\"'" else _SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._text[self._skip(_BLANK)] != "]":
            self._note((*path, index))
            self._value((*path, index))
            index += 1
            if self._text[self._skip(_BLANK)] == ",":
                self._at += 1
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._text[self._skip(_BLANK)] != "}":
            self._assignment(path)
            if self._text[self._skip(_BLANK)] == ",":
                self._at += 1
        self._at += 1

    def _key(self) -> list[str]:
        names = []
        while True:
            self._skip(_SPACE)
            part = _KEY_PART.match(self._text, self._at)
            assert part, "tomllib has read this text"
            names.append(next(g for g in part.groups() if g is not None))
            self._at = part.end()
            if self._text[self._skip(_SPACE)] != ".":
                return names
            self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        assert found, "tomllib has read this text"
        self._at = found.end()
        return self._at

    def _note(self, path: KeyPath) -> None:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        self._found.setdefault(path, self._line)
