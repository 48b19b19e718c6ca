"""Files and one-off letters in memory, as the shelf asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from outreachd.rules.records import LedgerAwayError, OneOff


class FakeContents:
    """Fits ``flow/ports.Contents``; counts what was read."""

    def __init__(self) -> None:
        self.letters: dict[int, OneOff] = {}
        self.files: dict[bytes, bytes] = {}
        self.is_away = False
        self.read: list[object] = []

    async def one_off(self, id: int) -> OneOff | None:
        """Read a letter, unless the database is away."""
        self._ask(id)
        return self.letters.get(id)

    async def attachments(self, digests: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Read files, unless the database is away."""
        self._ask(*digests)
        return {one: self.files[one] for one in digests if one in self.files}

    def _ask(self, *what: object) -> None:
        if self.is_away:
            raise LedgerAwayError
        self.read += what
