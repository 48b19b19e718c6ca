"""The laws of looking whether a server is there: bounded, honest, without a login."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest

from outreachd.commands import greeting as greetings
from outreachd.commands.greeting import NoGreetingError, greeting
from outreachd.rules.model import Account, Tls
from outreachd.wire.dial import Dialer
from outreachd.wire.dns import Resolver
from tests.rules.test_outlook import ROSTER

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def account(talk: Talk, tls: Tls = Tls.NONE) -> AsyncIterator[Account]:
    """Give an account whose server talks like this."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield replace(ROSTER.accounts[1], host="127.0.0.1", port=port, tls=tls)
    server.close()
    await server.wait_closed()


def saying(line: bytes, heard: asyncio.Queue[bytes]) -> Talk:
    """Make a server that says one line and listens to the end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        heard.put_nowait(await reader.read())
        writer.close()

    return talk


async def look(account: Account) -> str:
    """Look with a dialer of this test's own."""
    return await greeting(account, Dialer(Resolver()))


async def test_a_greeting_is_told_and_answered_by_goodbye_only() -> None:
    """No EHLO, no login, no letter."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with account(saying(b"220 mx.example ESMTP\x1b[31m\r\n", heard)) as relay:
        assert await look(relay) == "mx.example ESMTP?[31m"
    assert await heard.get() == b"QUIT\r\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"554 no service\r\n", "does not greet but says '554 no service'"),
        (b"SSH-2.0-OpenSSH\r\n", "does not greet"),
        (b"220" + b"x" * 2000, "has no end"),
    ],
)
async def test_what_does_not_greet_is_told(line: bytes, words: str) -> None:
    """Another service on that port is not taken for a relay."""
    async with account(saying(line, asyncio.Queue())) as relay:
        with pytest.raises(NoGreetingError, match=words):
            await look(relay)


async def test_a_server_that_hangs_up_is_told() -> None:
    """SMTP: a connection closed without a word."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with account(talk) as relay:
        with pytest.raises(NoGreetingError, match="does not greet but says ''"):
            await look(relay)


async def test_a_silent_server_is_not_waited_for() -> None:
    """A black hole costs the limit, not an evening."""
    async with account(saying(b"", asyncio.Queue())) as relay:
        with patch.object(greetings, "LIMIT_S", 0.05):
            with pytest.raises(NoGreetingError, match=r"no greeting within 0\.05 s"):
                await look(relay)


async def test_nobody_there_is_told_with_a_way_out() -> None:
    """The sentence names what was dialled where the host did not, and what to do."""
    async with account(saying(b"", asyncio.Queue())) as relay:
        pass
    way = "see that host and port are right"
    refused = rf"^cannot be reached \(Connection refused\): {way}"
    with pytest.raises(NoGreetingError, match=refused):
        await look(relay)
    with pytest.raises(NoGreetingError, match=rf"127\.0\.0\.1 port \d+: .*: {way}"):
        await look(replace(relay, host="localhost"))


async def test_plain_text_away_from_this_machine_is_refused() -> None:
    """An account without TLS must be on loopback, as when sending."""
    far = replace(ROSTER.accounts[1], host="192.0.2.1", tls=Tls.NONE)
    with pytest.raises(NoGreetingError, match="not this machine"):
        await look(far)


async def test_implicit_tls_meets_a_server_that_speaks_none() -> None:
    """The wrong port of a server is the usual mistake."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with account(saying(b"220 mx\r\n", heard), Tls.IMPLICIT) as relay:
        with pytest.raises(NoGreetingError, match="TLS"):
            await look(relay)
