"""What this machine has to offer: Python, the state directory, the listeners.

The part of `check` that needs no database; and what a finding is. Looks, and leaves
nothing behind but the key that the first start would make in an existing state
directory. A fault is a finding, never an exception.
"""

from __future__ import annotations

import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import StrEnum

from outreachd.commands import selftest
from outreachd.commands.client import readiness, token_file
from outreachd.config import Settings
from outreachd.listen import Listening, UnixListen
from outreachd.store.vault import Vault, VaultError

OTHERS = 0o077  # mode bits of group and world
OTHERS_WRITE = 0o022


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    text: str


def python() -> Iterator[Finding]:
    """Look at Python, its libraries and what they make of a letter."""
    faults = [*selftest.old_libraries(), *selftest.open_headers()]
    if not selftest.has_strict_parser():
        faults.append("aiohttp runs without its parser in C: install its wheel")
    for fault in faults:
        yield Finding(Level.FAIL, "python", fault)
    if not faults:
        number = ".".join(map(str, sys.version_info[:3]))
        yield Finding(
            Level.OK, "python", f"{number}; libraries are new enough, headers are tight"
        )


def state(settings: Settings) -> Iterator[Finding]:
    """Look at the state directory, and at who else may read its secrets."""
    what, home = "state", settings.state.directory
    assert home is not None  # load() fills it
    if not home.exists():
        yield Finding(Level.OK, what, f"{home} will be made")
        return
    try:
        Vault.unlock(home)
        (home / ".check").touch(mode=0o600)
        (home / ".check").unlink()
    except (OSError, VaultError) as error:
        yield Finding(Level.FAIL, what, str(error))
        return
    if home.stat().st_mode & OTHERS_WRITE:
        text = f"{home} may be written by others: chmod go-w {home}"
        yield Finding(Level.FAIL, what, text)
    else:
        yield Finding(Level.OK, what, f"{home} is ours, its key opens")
    token = token_file(settings)
    if token.exists() and token.stat().st_mode & OTHERS:
        text = f"{token} may be read by others: chmod 600 {token}"
        yield Finding(Level.FAIL, "control token", text)
    elif settings.http.control.token_file and not token.exists():
        yield Finding(Level.FAIL, "control token", f"{token} is missing: make it")


async def listeners(settings: Settings) -> AsyncIterator[Finding]:
    """Look whether a daemon answers, or one could listen."""
    http = settings.http
    running = await readiness(settings)
    if running is not None:
        yield Finding(Level.OK, "http", f"a daemon answers: {running[1]}")
        return
    for name, at in (("control", http.control.listen), ("public", http.public.listen)):
        if at is None:
            continue
        if fault := bind_fault(at):
            text = f"{fault}: stop what uses it, or change [http.{name}] listen"
            yield Finding(Level.FAIL, f"http.{name}", text)
        else:
            yield Finding(Level.OK, f"http.{name}", "its address is free")


def bind_fault(at: Listening) -> str | None:
    """Tell why nobody can listen there; None = one can."""
    try:
        if isinstance(at, UnixListen):
            with socket.socket(socket.AF_UNIX) as caller:
                if at.path.exists() and caller.connect_ex(str(at.path)) == 0:
                    return f"{at.path} is used by another program"
            with tempfile.TemporaryFile(dir=at.path.parent):
                return None
        family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
        socket.create_server((at.host, at.port), family=family).close()
    except OSError as error:
        return f"{error.strerror or error}".lower()
    return None
