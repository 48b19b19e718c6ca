"""What a fleet file points at: passwords, wordings, attachments, holidays.

A password is a file, counted from the fleet file, or ``credential:NAME``, a file in
$CREDENTIALS_DIRECTORY that systemd fills; it is never written in the fleet file and no
error repeats it. Errors: ValueError, whose text is a sentence part.
Source: systemd.exec(5), "Credentials"; the documentation of the holidays library.
"""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path

from outreachd.fleet.objects import is_object, read_object
from outreachd.rules.attachment import MAX_FILE

MAX_SECRET = 64 * 1024  # bytes
MAX_WORDING = 1 << 20  # bytes


@cache
def _countries() -> dict[str, list[str]]:
    # here, not above: the library takes 45 ms to import and most files name no holidays
    import holidays

    return holidays.list_supported_countries(include_aliases=True)


def read_password(source: str, folder: Path) -> str:
    """Read a password; the newline at its end is not part of it."""
    name = source.removeprefix("credential:")
    is_credential = name != source
    path = _credential(name) if is_credential else folder / source
    raw = _read(path, MAX_SECRET, f'"{source}"')
    if not is_credential and stat.S_IMODE(path.stat().st_mode) & stat.S_IROTH:
        raise ValueError(f'"{source}" is readable by everybody: chmod 600 it')
    password = raw.rstrip("\r\n")
    if not password or not password.isprintable():
        raise ValueError(f'"{source}" must hold one line, the password')
    return password


def read_wording(source: str, folder: Path) -> str:
    """Read the text of a letter."""
    return _read(folder / source, MAX_WORDING, f'"{source}"').replace("\r\n", "\n")


def read_beside(source: str, folder: Path) -> str:
    """Read a text that a wording includes: a file in the fleet file's folder."""
    return read_wording(str(_beside(source, folder)), folder)


def read_attachment(source: str, folder: Path) -> bytes:
    """Read a file that goes with a letter: of the folder, or of an object store."""
    if is_object(source):
        return read_object(source, MAX_FILE)
    return _octets(_beside(source, folder), MAX_FILE, f'"{source}"')


def _beside(source: str, folder: Path) -> Path:
    """Find a file that is really in the folder, whatever links and dots there are."""
    path = Path(source)
    if "\0" in source or path.is_absolute() or ".." in path.parts:
        raise ValueError(f'"{source}" must be in the fleet file\'s folder')
    try:
        found = (folder / path).resolve()
        is_file = found.is_file()
    except (OSError, RuntimeError):  # links in a circle
        raise ValueError(f'"{source}" cannot be read') from None
    if not found.is_relative_to(folder.resolve()):
        raise ValueError(f'"{source}" leads out of the fleet file\'s folder')
    if found.exists() and not is_file:
        raise ValueError(f'"{source}" is no file')
    return found


def check_holidays(code: str) -> None:
    """Refuse a country or part of one whose holidays are not known."""
    country, _, part = code.partition("-")
    if country not in _countries():
        raise ValueError(f'holidays "{code}" must be a country code such as "DE"')
    if part and part not in _countries()[country]:
        parts = ", ".join(_countries()[country]) or "none"
        raise ValueError(f'"{part}" is no part of {country}; known: {parts}')


def _credential(name: str) -> Path:
    root = os.environ.get("CREDENTIALS_DIRECTORY")
    if not root:
        raise ValueError(
            f'"credential:{name}" needs $CREDENTIALS_DIRECTORY, which systemd sets by'
            " LoadCredential="
        )
    if not name or "/" in name:
        raise ValueError('must be "credential:NAME", a name without /')
    return Path(root, name)


def _read(path: Path, limit: int, shown: str) -> str:
    try:
        return _octets(path, limit, shown).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{shown} must be UTF-8 text") from None


def _octets(path: Path, limit: int, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        raise ValueError(f"{shown} cannot be read: {why}") from None
    if len(raw) > limit:
        raise ValueError(f"{shown} is larger than {limit // 1024} kB")
    return raw
