"""The laws of one IMAP connection; that it marks nothing is proved in test_imap."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from outreachd.rules.sources import MailboxAwayError, Result
from outreachd.wire import imap_client
from outreachd.wire.imap_client import ImapClient
from outreachd.wire.tls import client_context
from tests.wire.imap_servers import SECRET, Scripted, saying, scripted, source

T = TypeVar("T")


async def said_to(server: Scripted, ask: Callable[[ImapClient], T], **who: str) -> T:
    """Sign in, ask in a thread, close."""

    def do() -> T:
        one = source(server.port, **who)
        sock = socket.create_connection(("127.0.0.1", server.port), 5.0)
        client = ImapClient(sock, one)
        try:
            client.enter(client_context(), SECRET)
            return ask(client)
        finally:
            client.close()

    return await asyncio.to_thread(do)


async def test_a_server_that_talks_without_end_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Octets and lines of one connection are bounded, whatever they say."""
    monkeypatch.setattr(imap_client, "MAX_LINES", 100)
    async with scripted() as server:
        server.answers["EXAMINE"] = saying(*["* 1 EXISTS"] * 200)
        with pytest.raises(MailboxAwayError, match="without end") as caught:
            await said_to(server, lambda client: client.examine("INBOX"))
    assert caught.value.result is Result.GARBLED


async def test_a_list_of_folders_that_is_made_to_take_long_is_passed_over() -> None:
    """A line of nothing but brackets would hold up the whole daemon for an hour."""
    async with scripted() as server:
        server.answers["LIST"] = saying(
            "* LIST " + "(" * 900_000,
            *["* LIST " + "(" * 490] * 1_500,
        )
        begun = time.process_time()  # ours alone: others may be busy too
        found = await said_to(server, lambda client: client.folder_for_junk())
    assert found is None
    assert time.process_time() - begun < 10.0


@pytest.mark.parametrize("start", ["NO", "BYE"])
async def test_a_server_that_repeats_a_login_does_not_spread_it(start: str) -> None:
    """S17: what it says is kept and shown; the password is not, even cut short."""
    async with scripted() as server:
        words = "x" * (190 - len(SECRET) // 2) + SECRET
        said = [f"* BYE {words}"] if start == "BYE" else []
        server.answers["LOGIN"] = saying(*said, end=f"NO {words}")
        with pytest.raises(MailboxAwayError) as caught:
            await said_to(server, lambda client: None)
    assert "xxx" in str(caught.value)
    assert SECRET[:4] not in str(caught.value)


async def test_a_name_that_is_not_ascii_signs_in_all_the_same() -> None:
    """By AUTHENTICATE PLAIN, which carries UTF-8 (RFC 4616)."""
    async with scripted() as server:
        await said_to(server, lambda client: None, username="jörg")
        assert server.last("AUTHENTICATE") == "AUTHENTICATE PLAIN"


async def test_a_server_that_tells_no_uidnext_is_asked_for_its_newest() -> None:
    """So that a first look knows where to go on."""
    async with scripted(mails={3: b"", 8: b""}) as server:
        opened = await said_to(server, lambda client: client.examine("INBOX"))
        newest = await said_to(server, _newest)
    assert opened == (7, None)
    assert newest == 8


def _newest(client: ImapClient) -> int:
    client.examine("INBOX")
    return client.highest_uid()


async def test_an_odd_folder_name_is_asked_for_as_imap_writes_it() -> None:
    """Modified UTF-7, quoted: nothing in a name can become a command."""
    async with scripted() as server:
        await said_to(server, lambda client: client.examine('Entwürfe "x"'))
        assert server.last("EXAMINE") == 'EXAMINE "Entw&APw-rfe \\"x\\""'
