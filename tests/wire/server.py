"""An SMTP server that does what a script says, however rude.

By default it is well-mannered: it accepts everything and keeps each letter, bytes and
all, in ``accepted``. ``on(VERB, act, ...)`` replaces its answer to a verb: CONNECT,
EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, BODY (the first bytes of a letter), DOT,
QUIT. Acts given together are used up one after the other, the last one for good;
``to=`` narrows them to one recipient. A letter counts as accepted when its dot was
read and the act does not begin with a 4 or a 5. Waiting is by events, never by time.

    async with ScriptedServer() as server:
        server.on("RCPT", Act(b"550 5.1.1 unknown"), to="bob@example.org")
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Self, cast

USUAL_OFFERS: tuple[str, ...] = ("SIZE 100000000", "AUTH PLAIN LOGIN")
BODY_LOOK = 1000  # bytes of a letter read before BODY acts


class Then(Enum):
    """What follows the words of an act."""

    GO_ON = auto()
    CLOSE = auto()
    RESET = auto()  # TCP RST
    HANG = auto()  # neither read nor write any more


@dataclass(frozen=True, slots=True)
class Act:
    """One answer: bytes as they are (a line end is added if there is none)."""

    say: bytes = b""
    then: Then = Then.GO_ON
    bytewise: bool = False
    after: asyncio.Event | None = None  # wait for it before speaking

    @property
    def accepts(self) -> bool:
        """Tell whether a letter whose dot got this answer is kept."""
        return not self.say.startswith((b"4", b"5"))


@dataclass(frozen=True, slots=True)
class Letter:
    """One accepted letter: its envelope and its bytes, dots undone."""

    sender: str
    recipient: str
    data: bytes


@dataclass(slots=True)
class _Talk:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sender: str = ""
    recipient: str = ""
    secure: bool = False


class _HangUpError(Exception):
    """The act ended the connection."""


DEFAULTS = {
    "CONNECT": b"220 test ESMTP",
    "HELO": b"250 test",
    "STARTTLS": b"220 go ahead",
    "AUTH": b"235 2.7.0 welcome",
    "MAIL": b"250 2.1.0 ok",
    "RCPT": b"250 2.1.5 ok",
    "DATA": b"354 go ahead",
    "DOT": b"250 2.0.0 queued",
    "QUIT": b"221 2.0.0 bye",
}


@dataclass(slots=True)
class ScriptedServer:
    """A server on a free port of 127.0.0.1, for ``async with``."""

    offers: tuple[str, ...] = field(default_factory=lambda: USUAL_OFFERS)
    starttls: ssl.SSLContext | None = None  # offer STARTTLS with it
    implicit: ssl.SSLContext | None = None  # speak TLS from the first byte
    host: str = "127.0.0.1"
    accepted: list[Letter] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)  # as they came, all of them
    connections: int = 0
    port: int = 0
    _acts: dict[tuple[str, str], list[Act]] = field(default_factory=dict)
    _reached: dict[str, asyncio.Event] = field(
        default_factory=lambda: defaultdict(asyncio.Event)
    )
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _talks: list[_Talk] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        listening = socket.socket()
        # Small, so that a reader who stops is felt by the writer at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind((self.host, 0))
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(
            self._welcome, sock=listening, ssl=self.implicit, limit=4096
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def on(self, verb: str, *acts: Act, to: str = "") -> None:
        """Answer ``verb`` (for one recipient) with these acts, the last for good."""
        self._acts[verb, to] = list(acts)

    async def wait_for(self, verb: str) -> None:
        """Wait until ``verb`` was heard once (since the server began)."""
        await self._reached[verb].wait()

    def count(self, verb: str) -> int:
        """Count how often a command was heard."""
        return sum(line.upper().startswith(verb) for line in self.commands)

    def hang_up(self, last: bytes = b"") -> None:
        """Close every connection there is, after some last words or none."""
        for talk in self._talks:
            if not talk.writer.is_closing():
                talk.writer.write(last + b"\r\n" if last else b"")
                talk.writer.close()

    # --- one connection ------------------------------------------------------------

    async def _welcome(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        self.connections += 1
        talk = _Talk(reader, writer, secure=self.implicit is not None)
        self._talks.append(talk)
        try:
            await self._act(talk, "CONNECT")
            while line := await talk.reader.readline():
                await self._command(talk, line.decode("latin-1").rstrip("\r\n"))
        except (_HangUpError, ConnectionError, asyncio.IncompleteReadError, OSError):
            pass
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            self._tasks.discard(task)
            talk.writer.transport.abort()

    async def _command(self, talk: _Talk, line: str) -> None:
        self.commands.append(line)
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        match verb:
            case "EHLO":
                await self._act(talk, verb, self._offers(talk))
            case "STARTTLS":
                await self._act(talk, verb)
                await talk.writer.start_tls(cast(ssl.SSLContext, self.starttls))
                talk.secure = True
            case "AUTH":
                await self._auth(talk, rest)
            case "MAIL":
                talk.sender = rest.partition("<")[2].partition(">")[0]
                await self._act(talk, verb)
            case "RCPT":
                talk.recipient = rest.partition("<")[2].partition(">")[0]
                await self._act(talk, verb)
            case "DATA":
                await self._data(talk)
            case "QUIT":
                await self._act(talk, verb)
                raise _HangUpError
            case _:
                await self._act(talk, verb)

    async def _auth(self, talk: _Talk, rest: str) -> None:
        if rest.upper().startswith("LOGIN"):
            await _write(talk, b"334 UGFzc3dvcmQ6\r\n")
            self.commands.append((await talk.reader.readline()).decode().strip())
        await self._act(talk, "AUTH")

    async def _data(self, talk: _Talk) -> None:
        said = await self._act(talk, "DATA")
        if not said.startswith(b"354"):
            return
        lines, seen, looked = [], 0, False
        while (line := await talk.reader.readline()) != b".\r\n":
            if not line:
                raise _HangUpError
            lines.append(line.removeprefix(b"."))
            seen += len(line)
            if seen >= BODY_LOOK and not looked:
                looked = True
                await self._act(talk, "BODY")
        act = self._choose("DOT", talk.recipient)
        if act.accepts:
            letter = Letter(talk.sender, talk.recipient, b"".join(lines))
            self.accepted.append(letter)
        await self._perform(talk, "DOT", act)

    def _offers(self, talk: _Talk) -> bytes:
        secure = self.starttls is None or talk.secure
        words = ["test", *self.offers, *([] if secure else ["STARTTLS"])]
        lines = [f"250-{word}" for word in words[:-1]] + [f"250 {words[-1]}"]
        return "\r\n".join(lines).encode()

    async def _act(self, talk: _Talk, verb: str, usual: bytes = b"") -> bytes:
        act = self._choose(verb, talk.recipient, usual)
        await self._perform(talk, verb, act)
        return act.say

    def _choose(self, verb: str, recipient: str, usual: bytes = b"") -> Act:
        for key in ((verb, recipient), (verb, "")):
            acts = self._acts.get(key)
            if acts:
                return acts.pop(0) if len(acts) > 1 else acts[0]
        return Act(usual or DEFAULTS.get(verb, b"" if verb == "BODY" else b"502 no"))

    async def _perform(self, talk: _Talk, verb: str, act: Act) -> None:
        self._reached[verb].set()
        if act.after:
            await act.after.wait()
        if act.say:
            said = act.say if act.say.endswith(b"\n") else act.say + b"\r\n"
            for at in range(0, len(said), step := 1 if act.bytewise else len(said)):
                await _write(talk, said[at : at + step])
        match act.then:
            case Then.HANG:
                talk.reader._transport.pause_reading()  # type: ignore[attr-defined]
                await asyncio.Event().wait()
            case Then.CLOSE:
                talk.writer.close()
                await talk.writer.wait_closed()
                raise _HangUpError
            case Then.RESET:
                sock = talk.writer.get_extra_info("socket")
                hard = struct.pack("ii", 1, 0)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
                raise _HangUpError
            case Then.GO_ON:
                pass


async def _write(talk: _Talk, data: bytes) -> None:
    talk.writer.write(data)
    await talk.writer.drain()
