"""IMAP servers for tests: pymap, a real one, and one that says what a test wants.

Both listen on loopback without TLS unless told otherwise, in the tests' own loop.
"""

from __future__ import annotations

import asyncio
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from imaplib import IMAP4

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pysasl.hashing import BuiltinHash

from outreachd.rules.model import Auth, Imap, Tls
from outreachd.rules.sources import Source
from outreachd.wire.dial import Dialer
from outreachd.wire.dns import Resolver
from outreachd.wire.imap import ImapLimits, ImapPost
from outreachd.wire.tls import client_context

SECRET = "demopass"
MAIL = b"Message-ID: <1@there.example>\r\nSubject: Hi\r\n\r\nHello.\r\n"


def source(port: int, **changes: object) -> Source:
    """Say where the mail of mailbox 1 is."""
    imap = Imap(host="127.0.0.1", port=port, tls=Tls.NONE, folders=("INBOX", "Junk"))
    values: dict[str, object] = {
        "key": ("mailbox", 1),
        "imap": imap,
        "username": "demouser",
        "auth": Auth.PASSWORD,
    }
    return Source(**(values | changes))  # type: ignore[arg-type]


@asynccontextmanager
async def post(
    tls: ssl.SSLContext | None = None,
    limits: ImapLimits | None = None,
    threads: int = 4,
) -> AsyncIterator[ImapPost]:
    """Make the way to the mailboxes.

    A test that waits for a limit shortens that one and no other, so that a busy
    machine cannot make another step fail.
    """
    opened = ImapPost(
        Dialer(Resolver()),
        tls or client_context(),
        threads=threads,
        limits=limits,
    )
    try:
        yield opened
    finally:
        opened.close()


# --- a real one -----------------------------------------------------------------------


class Pymap:
    """A real server with one mailbox."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def append(self, raw: bytes, folder: str = "INBOX") -> None:
        """Lay a mail into a folder, as another program of the owner would."""
        await asyncio.to_thread(self._append, raw, folder)

    async def flags(self) -> list[bytes]:
        """Tell the flags of all mails in the inbox."""
        return await asyncio.to_thread(self._flags)

    def _append(self, raw: bytes, folder: str) -> None:
        client = self._client()
        client.create(folder)
        client.append(folder, "", "", raw)
        client.logout()

    def _flags(self) -> list[bytes]:
        client = self._client()
        client.select("INBOX", readonly=True)
        _, told = client.fetch("1:*", "(FLAGS)")
        client.logout()
        return [line for line in told if isinstance(line, bytes)]

    def _client(self) -> IMAP4:
        client = IMAP4("127.0.0.1", self.port, timeout=90)
        client.login("demouser", SECRET)
        return client


@asynccontextmanager
async def pymap() -> AsyncIterator[Pymap]:
    """Start pymap."""
    arguments = Namespace(
        debug=False,
        host="127.0.0.1",
        port="0",
        cert=None,
        key=None,
        tls=False,
        proxy_protocol=None,
        passlib_cfg=None,
        demo_data=False,
        demo_user="demouser",
        demo_password=SECRET,
    )
    # One round: half a million of them would take longer than all the rest.
    backend, config = await DictBackend.init(
        arguments, hash_context=BuiltinHash(rounds=1)
    )
    config.apply_context()
    server = IMAPServer(backend.login, config)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server(reader, writer, SocketInfo.get(writer, None))

    async with listening(serve) as port:
        yield Pymap(port)


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Listen on loopback; at the end every connection is closed and over."""
    open_now: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now[writer] = task
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            del open_now[writer]

    listener = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        tasks = list(open_now.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# --- one that says what a test wants --------------------------------------------------

Answer = Callable[["Talk", str, str], Awaitable[bool]]


@dataclass
class Talk:
    """One connection of the scripted server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: Scripted

    def say(self, *lines: str) -> None:
        """Write lines."""
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())

    async def run(self) -> None:
        """Greet, and answer each command until one answer ends it."""
        self.say("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready")
        while line := (await self.reader.readline()).decode().strip():
            self.server.heard.append(line.partition(" ")[2])
            tag, command = line.split(" ", 2)[0], line.partition(" ")[2].upper()
            for start, answer in self.server.answers.items():
                if command.startswith(start):
                    await answer(self, tag, command)
                    break
            else:
                await self.server.usual(self, tag, command)


@dataclass
class Scripted:
    """A server with one folder; ``answers`` replaces what it says, by command."""

    port: int = 0
    validity: int = 7
    next_uid: int | None = None
    mails: dict[int, bytes] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def hang_on_it(self, talk: Talk, tag: str, command: str) -> bool:
        """Say that it was asked, and never answer."""
        self.was_asked.set()
        return await hang(talk, tag, command)

    async def usual(self, talk: Talk, tag: str, command: str) -> None:
        """Answer as servers do."""
        if command.startswith("CAPABILITY"):
            talk.say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2")
        elif command.startswith("EXAMINE"):
            if '"JUNK"' in command:
                talk.say(f"{tag} NO no such folder")
                return
            talk.say(f"* {len(self.mails)} EXISTS")
            talk.say(f"* OK [UIDVALIDITY {self.validity}] valid")
            if self.next_uid is not None:
                talk.say(f"* OK [UIDNEXT {self.next_uid}] next")
        elif command.startswith("UID SEARCH"):
            talk.say(f"* SEARCH {' '.join(map(str, self.mails))}")
        elif command.startswith("UID FETCH"):
            self._fetch(talk, int(command.split()[2]))
        elif command.startswith("LOGOUT"):
            talk.say("* BYE")
        talk.say(f"{tag} OK done")

    def _fetch(self, talk: Talk, uid: int) -> None:
        if uid in self.mails:
            raw = self.mails[uid]
            talk.say(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}")
            talk.writer.write(raw + b")\r\n")

    def last(self, start: str) -> str:
        """Find the last command that begins so."""
        return next(c for c in reversed(self.heard) if c.startswith(start))


@asynccontextmanager
async def scripted(**values: object) -> AsyncIterator[Scripted]:
    """Start a scripted server."""
    server = Scripted(**values)  # type: ignore[arg-type]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Talk(reader, writer, server).run()

    async with listening(serve) as server.port:
        yield server


async def hang(talk: Talk, tag: str, command: str) -> bool:
    """Never answer."""
    await asyncio.Event().wait()
    return True


async def drop(talk: Talk, tag: str, command: str) -> bool:
    """Hang up."""
    talk.writer.close()
    return True


def saying(*lines: str, end: str = "OK done") -> Answer:
    """Answer with these lines."""

    async def answer(talk: Talk, tag: str, command: str) -> bool:
        talk.say(*lines, f"{tag} {end}")
        return True

    return answer
