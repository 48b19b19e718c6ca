"""One line to an SMTP server: ask, answer, nothing kept and nothing guessed.

A ``Line`` says commands and letters, and hears what is said to it. What was heard
beyond the replies expected makes it unusable *before* anything more is written. Two
commands may be said at once where the server offers it; each of the two replies is
judged as its own. DATA is always said alone.

Every wait has a limit, in seconds (``Limits``). Nothing raises but cancellation,
which cuts the line; what goes wrong is a Reply with code 0 and a sentence.
Source: RFC 5321 sections 4.2 (replies), 4.5.3.2 (limits); RFC 2920 (two at once).
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import cast

from aiosmtplib.errors import (
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.protocol import COMMAND_INJECTION_REGEX

from outreachd.rules.model import Phase, Reply
from outreachd.rules.reply import clean
from outreachd.wire.hearing import Hearing

CHUNK = 65_536  # bytes of a letter written at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long to wait for a server, in seconds, step by step."""

    connect_s: float = 30.0  # each address
    greeting_s: float = 300.0
    ehlo_s: float = 300.0
    tls_s: float = 30.0
    auth_s: float = 120.0
    mail_s: float = 300.0
    rcpt_s: float = 300.0
    data_s: float = 120.0
    stall_s: float = 180.0  # no byte of a large letter taken
    dot_s: float = 600.0  # shorter makes duplicates: the server may be at work
    quit_s: float = 1.0


class Line(Hearing):
    """One connection. ``login`` and the counters are for whoever keeps it warm."""

    def __init__(self) -> None:
        super().__init__()
        self.login = ""
        self.born = 0.0  # seconds, the keeper's clock
        self.used = 0.0
        self.letters = 0
        self.size_limit = 0  # bytes the server takes; 0 = it did not say
        self.announces_size = False
        self.takes_ids = False  # of letters, for bounces to name (RFC 3461)
        self.takes_two = False  # commands at once

    # --- asking ------------------------------------------------------------------

    @property
    def own_address(self) -> str:
        """Tell the IP address of our end; empty when the line is gone."""
        name = self.transport and self.transport.get_extra_info("sockname")
        return str(name[0]) if name else ""

    async def greeting(self, limit_s: float) -> Reply:
        """Wait for the server's first word."""
        return await self.hear(Phase.GREETING, limit_s)

    async def ask(self, phase: Phase, command: bytes, limit_s: float) -> Reply:
        """Say one command, without its line end, and wait for its reply."""
        return self._say(phase, command) or await self.hear(phase, limit_s)

    async def announce(self, mail: bytes, rcpt: bytes, limits: Limits) -> Reply:
        """Say MAIL and RCPT; tell the reply to the second, or the one that refused."""
        both = self.takes_two
        said = (
            self._say(Phase.MAIL, mail, rcpt) if both else self._say(Phase.MAIL, mail)
        )
        reply = said or await self.hear(Phase.MAIL, limits.mail_s)
        if 200 <= reply.code < 300:
            said = None if both else self._say(Phase.RCPT, rcpt)
            return said or await self.hear(Phase.RCPT, limits.rcpt_s)
        if both and reply.code not in (0, 421):
            # Not judged, for there is no sender: heard only to part on good terms.
            await self.hear(Phase.RCPT, limits.quit_s)
        return reply

    async def upgrade(
        self, context: ssl.SSLContext, host: str, limit_s: float
    ) -> Reply:
        """Say STARTTLS and do the handshake; code 220 = the line is secure now."""
        if self._heard:
            return self.out_of_turn(Phase.TLS)
        self._is_late = False
        try:
            async with asyncio.timeout(limit_s):
                response = await self.start_tls(
                    context, server_hostname=host, timeout=limit_s
                )
        except (SMTPException, OSError, ValueError) as exc:
            return self._failed(Phase.TLS, exc, limit_s)
        except BaseException:
            self.cut()
            raise
        # Bytes behind the 220 came before the handshake: anybody may have put them in.
        reply = Reply(Phase.TLS, response.code, response.message)
        return self.out_of_turn(Phase.TLS) if self._heard else reply

    async def letter(self, stuffed: bytes, limits: Limits) -> Reply:
        """Send a dot-stuffed letter after a 354, then the dot; tell the reply.

        Phase DATA = broken off before the dot left: surely not accepted. Phase DOT
        with code 0 = the server may have it.
        """
        if not self.usable:
            return self._interrupted()
        if len(stuffed) <= CHUNK:
            return await self._end(stuffed + b".\r\n", limits.dot_s)
        broken = await self._body(stuffed, limits.stall_s)
        return broken or await self._end(b".\r\n", limits.dot_s)

    async def quit(self, limit_s: float) -> None:
        """Say goodbye, wait a moment for the answer, and hang up."""
        if self.usable:
            await self.ask(Phase.CONNECT, b"QUIT", limit_s)
        self.cut()

    # --- inside --------------------------------------------------------------------

    def _say(self, phase: Phase, *commands: bytes) -> Reply | None:
        """Say commands to a line that has nothing left to say; None = they are said."""
        if self._heard:
            return self.out_of_turn(phase)
        for command in commands:
            if COMMAND_INJECTION_REGEX.search(command):
                raise ValueError("a command holds a control character")
        if not self.is_connected:
            return Reply(phase, 0, "connection lost")
        self.write(b"\r\n".join(commands) + b"\r\n")
        return None

    async def _end(self, tail: bytes, limit_s: float) -> Reply:
        self.write(tail)  # usable a moment ago, and nothing was awaited since
        return await self.hear(Phase.DOT, limit_s)

    async def _body(self, stuffed: bytes, stall_s: float) -> Reply | None:
        transport = cast(asyncio.WriteTransport, self.transport)
        # Paused as long as anything is buffered, so that room means: all gone out.
        transport.set_write_buffer_limits(high=1, low=0)
        try:
            for start in range(0, len(stuffed), CHUNK):
                transport.write(stuffed[start : start + CHUNK])
                async with asyncio.timeout(stall_s):
                    await self._room.wait()
                if not self.usable:
                    return self._interrupted()
        except TimeoutError:
            self.cut()
            return Reply(Phase.DATA, 0, f"server took nothing for {stall_s:g} s")
        except BaseException:
            self.cut()
            raise
        return None

    def _failed(self, phase: Phase, exc: Exception, limit_s: float) -> Reply:
        self.cut()
        if self._is_late:
            return Reply(phase, 0, f"no answer within {limit_s:g} s")
        match exc:
            case SMTPTimeoutError() | TimeoutError():
                return Reply(phase, 0, f"no answer within {limit_s:g} s")
            case SMTPServerDisconnected():
                return Reply(phase, 0, "connection lost")
            case SMTPResponseException(code=code, message=message):
                good = code if 200 <= code <= 599 else 0
                return Reply(phase, good, clean(message))
            case ssl.SSLCertVerificationError():
                return Reply(phase, 0, clean(f"certificate: {exc.verify_message}"))
            case _:
                return Reply(phase, 0, clean(f"{type(exc).__name__}: {exc}"))

    def _interrupted(self) -> Reply:
        if self._heard:
            return self.out_of_turn(Phase.DATA)
        return Reply(Phase.DATA, 0, "connection lost in mid-letter")
