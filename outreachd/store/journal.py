"""The journal: outcomes that the database could not take yet, safe on our own disk.

Used only while the database is away, so that a kill in that time does not turn known
outcomes into uncertain ones. One line an outcome: CRC-32 in hex, a space, JSON. What
append() has returned from is on the disk. A torn last line was never promised, and is
cut. A failing write raises, and the caller must stop sending: JournalError. Several may
write and forget at a time: the file is cut when the database has all that is in it.
One process owns the file, by flock. Source: fdatasync(2), flock(2).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from outreachd.rules.records import Outcome

_FROM_JSON = msgspec.json.Decoder(Outcome)
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the second


class JournalError(Exception):
    """The journal cannot be owned, read or written; the text says why."""


class Journal:
    """Appends, replays and forgets; the calls of one journal take turns.

    ``damaged`` numbers the lines that could not be believed though later ones could:
    each was an outcome, whose send will now be found uncertain.
    """

    def __init__(self, file: Path) -> None:
        self.damaged: tuple[int, ...] = ()
        self._file = file
        self._turn = asyncio.Lock()
        self._descriptor = _own(file)
        # Cuts what the last owner was killed in, before we append to it.
        self._kept = {outcome.attempt_id for outcome in self._read()}

    async def append(self, outcomes: Sequence[Outcome]) -> None:
        """Write those it lacks; on return all survive a kill and a power cut."""
        async with self._turn:
            fresh = [one for one in outcomes if one.attempt_id not in self._kept]
            if fresh:
                await asyncio.to_thread(self._write, b"".join(map(_line, fresh)))
                self._kept.update(one.attempt_id for one in fresh)

    async def replay(self) -> list[Outcome]:
        """Read all outcomes in the order they were appended."""
        async with self._turn:
            return await asyncio.to_thread(self._read)

    async def forget(self, attempts: Collection[UUID]) -> None:
        """Forget outcomes that the database has, if they are in here."""
        if self._kept.isdisjoint(attempts):
            return
        async with self._turn:
            self._kept.difference_update(attempts)
            if not self._kept:
                await asyncio.to_thread(self._cut, 0)

    def close(self) -> None:
        """Give up the file to the next owner."""
        os.close(self._descriptor)

    def _write(self, lines: bytes) -> None:
        end = os.fstat(self._descriptor).st_size
        try:
            written = os.write(self._descriptor, lines)
            if written < len(lines):
                raise OSError(f"only {written} of {len(lines)} bytes fit")
            _sync(self._descriptor)
        except OSError as error:
            # After a failed sync nobody knows what the disk holds: the next append
            # must write anew, not sync again and be told that all is well.
            self._cut(end)
            raise self._failure(error) from error

    def _read(self) -> list[Outcome]:
        data = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
        lines = data.splitlines(keepends=True)
        found = [self._outcome(line) for line in lines]
        while found and found[-1] is None:
            found.pop()
        believed = sum(len(line) for line in lines[: len(found)])
        if believed < len(data):
            self._cut(believed)
        self.damaged = tuple(n for n, one in enumerate(found, 1) if one is None)
        return [one for one in found if one is not None]

    def _outcome(self, line: bytes) -> Outcome | None:
        """Read a line, or tell by None that it is not to be believed."""
        check, _, body = line.removesuffix(b"\n").partition(b" ")
        if not line.endswith(b"\n") or check != b"%08x" % zlib.crc32(body):
            return None
        try:
            return _FROM_JSON.decode(body)
        except msgspec.MsgspecError as error:
            raise JournalError(
                f"{self._file} was written by another version ({error}): start that "
                f"version once more, so that it hands its outcomes to the database."
            ) from None

    def _cut(self, end: int) -> None:
        try:
            os.ftruncate(self._descriptor, end)
            _sync(self._descriptor)
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> JournalError:
        return JournalError(
            f"outcomes cannot be kept in {self._file} ({error}): free or repair the "
            f"disk; nothing is sent until then."
        )


def _own(file: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(file, flags, 0o600)
        _sync_directory(file.parent)
    except OSError as error:
        raise JournalError(f"{file} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise JournalError(
            f"another outreachd works in {file.parent}: stop it, or give this one its "
            f"own [state] directory."
        ) from None
    return descriptor


def _sync_directory(directory: Path) -> None:
    """Make the file's name itself survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(outcome: Outcome) -> bytes:
    body = msgspec.json.encode(outcome)
    return b"%08x %s\n" % (zlib.crc32(body), body)
