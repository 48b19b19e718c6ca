"""Lines without a network: a transport that remembers, and a server in pieces."""

from __future__ import annotations

import asyncio

from outreachd.rules.model import Phase, Reply
from outreachd.wire.line import Line


class Wire(asyncio.Transport):
    """A transport that only remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Remember."""
        self.written += bytes(data)

    def is_closing(self) -> bool:
        """Tell."""
        return self.closing

    def abort(self) -> None:
        """Hang up."""
        self.closing = True


def connected() -> tuple[Line, Wire]:
    """Make a line on such a transport."""
    line, wire = Line(), Wire()
    line.connection_made(wire)
    return line, wire


async def hear(line: Line, *pieces: bytes) -> Reply:
    """Ask NOOP and let the server answer in these pieces."""
    asking = asyncio.create_task(line.ask(Phase.MAIL, b"NOOP", 1.0))
    await asyncio.wait([asking], timeout=0)
    for piece in pieces:
        line.data_received(piece)
    return await asking
