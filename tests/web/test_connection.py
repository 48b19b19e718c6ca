"""The laws of one connection: there are so many, and none is held for nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from outreachd.web.server import Bounds
from tests.web.test_server import exchange, listening, post


async def test_connections_are_capped() -> None:
    """HTTP 78: beyond the cap callers are turned away; a free place is usable again."""
    bounds = Bounds(connections=2)
    async with listening(bounds) as listener:
        pairs = [await asyncio.open_connection(*listener.address) for _ in range(2)]
        for _, writer in pairs:  # both are surely counted once they were answered
            writer.write(post(b"x").replace(b"Connection: close\r\n", b""))
        for reader, _ in pairs:
            await reader.readuntil(b"\r\n\r\nx")
        assert await exchange(listener, post(b"x")) == b""

        pairs[0][1].write(post(b"bye"))
        assert (await pairs[0][0].read()).endswith(b"bye")
        pairs[0][1].close()
        while not (answer := await exchange(listener, post(b"again"))):
            pass  # the closing is on its way
        assert answer.endswith(b"again")
        pairs[1][1].close()


async def test_who_asks_and_does_not_read_is_cut_off() -> None:
    """HTTP 78: an answer nobody takes does not hold one of the connections for ever."""
    bounds = Bounds(header_s=60.0, write_s=0.2)
    request = post(b"x" * 60_000).replace(b"Connection: close\r\n", b"")
    async with listening(bounds) as listener:
        _, writer = await asyncio.open_connection(*listener.address, limit=1024)
        with suppress(ConnectionError):
            while True:  # answers fill every buffer, then ours are not taken either
                writer.write(request)
                await writer.drain()
        writer.close()
