"""The server's side of one SMTP connection, as fast as Python can.

EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP and QUIT with PIPELINING, SIZE and 8BITMIME.
Commands are taken in order; after a letter nothing more is answered until the desk
says that the letter is on its log. Only CRLF ends a line, and only CRLF.CRLF a
letter, so that no second letter can be smuggled in the first.

Errors: the peer's mistakes are answered 5xx; too much unread closes with 421.
Source: RFC 5321, RFC 2920 (PIPELINING), RFC 1870 (SIZE), RFC 6152 (8BITMIME).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

MAX_LETTER = 10_000_000  # bytes
MAX_LINE = 2_048  # bytes, CRLF included; RFC 5321 asks for 512 and more
CRLF = b"\r\n"
DOT = b"\r\n.\r\n"

_MAIL = re.compile(rb"MAIL FROM:\s?<([^<>]*)>(?: .*?\bSIZE=(\d+))?", re.IGNORECASE)
_RCPT = re.compile(rb"RCPT TO:\s?<([^<>]+)>", re.IGNORECASE)
_EHLO_ANSWER = (
    b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE %d\r\n" % MAX_LETTER
)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a client handed over; ``content`` is still dot-stuffed."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Desk(Protocol):
    """Who decides and remembers; one for all connections of a port."""

    def refusal(self, recipient: str) -> bytes | None:
        """Tell the reply that refuses a recipient, or None."""

    def accept(self, letter: Letter, done: Callable[[], object]) -> None:
        """Remember the letter for good, then call ``done``: it will be answered."""


class Dialogue(asyncio.Protocol):
    """One connection: what was read, and how far the transaction has come."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._searched = 0  # bytes of `unread` known to hold no end of letter
        self._answers: list[bytes] = []
        self._greeted = self._in_data = self._waiting = False
        self._sender: str | None = None
        self._recipients: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._transport.write(b"220 sink ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the peer; an answer that comes later has nowhere to go."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take all that can be taken, answer it with one write."""
        self._unread += data
        self._go_on()
        if len(self._unread) > MAX_LETTER + MAX_LINE:
            self._hang_up(b"421 4.3.4 too much at once\r\n")

    def _go_on(self) -> None:
        while not self._waiting and self._take_one():
            pass
        if self._answers and self._transport:
            self._transport.write(b"".join(self._answers))
        self._answers.clear()

    def _take_one(self) -> bool:
        return self._take_letter() if self._in_data else self._take_command()

    def _take_command(self) -> bool:
        end = self._unread.find(CRLF)
        if end < 0:
            if len(self._unread) > MAX_LINE:
                self._hang_up(b"421 4.5.2 line too long\r\n")
            return False
        line = bytes(self._unread[:end])
        del self._unread[: end + 2]
        self._answers.append(self._answer(line))
        return True

    def _take_letter(self) -> bool:
        if self._unread.startswith(DOT[2:]):
            end, rest = 0, 3
        else:
            end = self._unread.find(DOT, max(self._searched - len(DOT), 0))
            rest = end + len(DOT)
        self._searched = len(self._unread)
        if end < 0:
            return False
        content = bytes(self._unread[:end])
        del self._unread[:rest]
        self._in_data, self._waiting = False, True
        assert self._sender is not None
        letter = Letter(self._sender, tuple(self._recipients), content)
        self._reset()
        self._desk.accept(letter, self._accepted)
        return True

    def _accepted(self) -> None:
        self._waiting = False
        self._answers.append(b"250 2.0.0 written down\r\n")
        self._go_on()

    def _answer(self, line: bytes) -> bytes:
        match line[:4].upper():
            case b"MAIL":
                return self._mail(line)
            case b"RCPT":
                return self._rcpt(line)
            case b"DATA":
                return self._data()
            case b"EHLO" | b"HELO":
                self._greeted = True
                self._reset()
                return _EHLO_ANSWER if line[:1] in b"Ee" else b"250 sink\r\n"
            case b"RSET":
                self._reset()
                return b"250 2.0.0 forgotten\r\n"
            case b"NOOP":
                return b"250 2.0.0 nothing done\r\n"
            case b"QUIT":
                self._hang_up(b"221 2.0.0 goodbye\r\n")
                return b""
        return b"500 5.5.1 unknown command\r\n"

    def _mail(self, line: bytes) -> bytes:
        found = _MAIL.match(line)
        if not self._greeted or self._sender is not None:
            return b"503 5.5.1 not now\r\n"
        if not found:
            return b"501 5.5.4 MAIL FROM:<address>\r\n"
        if int(found[2] or 0) > MAX_LETTER:
            return b"552 5.3.4 too large\r\n"
        self._sender = found[1].decode("utf-8", "replace")
        return b"250 2.1.0 ok\r\n"

    def _rcpt(self, line: bytes) -> bytes:
        found = _RCPT.match(line)
        if self._sender is None:
            return b"503 5.5.1 MAIL first\r\n"
        if not found:
            return b"501 5.5.4 RCPT TO:<address>\r\n"
        recipient = found[1].decode("utf-8", "replace")
        refusal = self._desk.refusal(recipient)
        if refusal is None:
            self._recipients.append(recipient)
        return refusal or b"250 2.1.5 ok\r\n"

    def _data(self) -> bytes:
        if not self._recipients:
            return b"503 5.5.1 RCPT first\r\n"
        self._in_data, self._searched = True, 0
        return b"354 end with a dot\r\n"

    def _reset(self) -> None:
        self._sender = None
        self._recipients = []

    def _hang_up(self, answer: bytes) -> None:
        if self._transport:
            self._transport.write(b"".join([*self._answers, answer]))
            self._transport.close()
            self._transport = None
        self._answers.clear()
        self._unread.clear()
