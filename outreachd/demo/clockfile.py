"""Virtual time shared between two processes: eight bytes in a file, mapped by both.

The demo's clock tells each instant it jumps to; the SMTP server reads it to date what
it accepts. Epoch seconds as one little-endian double. An aligned store of eight bytes
is not torn on the machines we run on, so no lock is needed.

Errors: OSError where the file cannot be opened, ValueError where it is too short.
"""

from __future__ import annotations

import struct
from mmap import mmap
from pathlib import Path

LAYOUT = struct.Struct("<d")


class ClockFile:
    """One shared instant."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap(file.fileno(), LAYOUT.size)

    @classmethod
    def create(cls, path: Path, at: float) -> ClockFile:
        """Make the file, showing ``at``."""
        path.write_bytes(LAYOUT.pack(at))
        return cls(path)

    def tell(self, at: float) -> None:
        """Show a new instant to the other process."""
        LAYOUT.pack_into(self._map, 0, at)

    def read(self) -> float:
        """Read the instant shown, in epoch seconds."""
        return float(LAYOUT.unpack_from(self._map)[0])

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
