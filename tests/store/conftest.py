"""What only the tests of the store need: a small fleet, the server over TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest_asyncio

from outreachd.store.database import Database
from tests.store.seed import NOW, seed_fleet

CHUNK = 65_536


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest_asyncio.fixture
async def fleet(db: Database) -> None:
    """Put the small fleet, and the domain that its people are at."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "INSERT INTO mail_domain VALUES ('x.example', 'mx', 'google', $1)", NOW
        )


@pytest_asyncio.fixture
async def tcp_url(database_url: str) -> AsyncIterator[str]:
    """Give the DSN of the test's database behind a listener on loopback."""
    parts = urlsplit(database_url)
    directory = parse_qs(parts.query)["host"][0]

    async def forward(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        path = f"{directory}/.s.PGSQL.5432"
        server_reader, server_writer = await asyncio.open_unix_connection(path)
        there = asyncio.create_task(_pump(reader, server_writer))
        await _pump(server_reader, writer)
        await there

    listener = await asyncio.start_server(forward, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    yield f"postgresql://postgres@127.0.0.1:{port}{parts.path}"
    listener.close()
    await listener.wait_closed()
