"""Who has worked in this state directory before: the dead, whose lease is free.

Each process writes its instance id down before it first asks for the lease. Whoever
owns the directory (the journal's flock) knows that all earlier ones there have ended,
so a restart need not wait until the lease of the one that was killed runs out. What
cannot be read is nobody: then the lease is waited for, which is always safe, as every
intent checks the term. Errors: JournalError when the directory cannot be written.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from uuid import UUID

from outreachd.store.journal import JournalError

FILE = "instances"
REMEMBERED = 50  # starts without a lease in between, until the oldest is forgotten


def sign_in(state: Path, instance: UUID) -> tuple[UUID, ...]:
    """Write this process down, tell who was here before; call it as the only owner."""
    file = state / FILE
    try:
        known = file.read_text(errors="replace").split() if file.exists() else []
        lines = [*known, str(instance)][-REMEMBERED:]
        file.write_text("\n".join(lines) + "\n")
    except OSError as error:
        raise JournalError(
            f"{file} cannot be written ({error.strerror}): "
            f"repair the [state] directory."
        ) from error
    return tuple(_believable(known))


def _believable(lines: list[str]) -> list[UUID]:
    found = []
    for line in lines:
        with suppress(ValueError):
            found.append(UUID(line))
    return found
