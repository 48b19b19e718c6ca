"""A Maildir that others fill: mails are read from new/ and moved to cur/ when done.

Only plain files are read, and only their beginning; links and directories are no mail
and are moved aside like one. Blocks, so call it in a thread. Errors: OSError.
Source: D. J. Bernstein, "Using maildir format", https://cr.yp.to/proto/maildir.html.
"""

from __future__ import annotations

import os
import stat
from heapq import nsmallest
from pathlib import Path

# Octets: a report says what it has to say in its first parts.
MAX_MAIL = 512 << 10


class Maildir:
    """One Maildir."""

    def __init__(self, path: Path) -> None:
        self._new = path / "new"
        self._cur = path / "cur"

    def waiting(self, at_most: int) -> list[str]:
        """Name mails that wait, by their names, which begin with their time."""
        with os.scandir(self._new) as entries:
            names = (entry.name for entry in entries if not entry.name.startswith("."))
            return nsmallest(at_most, names)

    def read(self, name: str) -> bytes | None:
        """Read the beginning of a mail; None = it is none, or gone."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        path = self._new / name
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                return None
            with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - a descriptor
                return file.read(MAX_MAIL)
        except FileNotFoundError:
            return None

    def put_away(self, name: str) -> None:
        """Move a mail to cur/, as seen by no one."""
        target = self._cur / (name if ":2," in name else f"{name}:2,")
        try:
            (self._new / name).rename(target)
        except FileNotFoundError:
            if not self._cur.is_dir():
                raise  # else it is gone already
