"""One line to an SMTP server: ask, answer, nothing kept and nothing guessed.

A ``Line`` is aiosmtplib's protocol with a second pair of ears. The library keeps
bytes that come after a reply and pairs them with the next command, drops bytes that
come unasked, and takes the last code of a reply whose lines disagree. Here whatever
was heard beyond the one expected reply makes the line unusable *before* anything is
written, and a reply that disagrees with itself counts as unreadable.

Every wait has a limit, in seconds (``Limits``). Nothing raises but cancellation,
which cuts the line; what goes wrong is a Reply with code 0 and a sentence.
Source: RFC 5321 sections 4.2 (replies), 4.5.3.2 (limits).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import cast

from aiosmtplib.errors import (
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from outreachd.rules.model import Phase, Reply
from outreachd.rules.reply import clean

HEARD_AT_MOST = 65_536  # bytes; the library gives up on a reply at half of this
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


class Line(SMTPProtocol):
    """One connection. ``login`` and the counters are for whoever keeps it warm."""

    def __init__(self) -> None:
        self._loop_now = asyncio.get_running_loop()
        super().__init__(loop=self._loop_now)
        self._is_late = False  # the server let a limit pass
        self.login = ""
        self.born = 0.0  # seconds, the keeper's clock
        self.used = 0.0
        self.letters = 0
        self.size_limit = 0  # bytes the server takes; 0 = it did not say
        self.announces_size = False
        self.last_message = ""  # as it came, lines and all; for the EHLO keywords
        self._heard = b""
        self._room = asyncio.Event()
        self._room.set()

    # --- what the transport tells us -------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Listen along, then let the library read."""
        if len(self._heard) < HEARD_AT_MOST:
            self._heard += data
        self._room.set()  # whoever waits to write on must hear this first
        super().data_received(data)

    def pause_writing(self) -> None:
        """Note that the transport has all it can hold."""
        self._room.clear()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that what was written has gone out."""
        self._room.set()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits for room: there will be none."""
        super().connection_lost(exc)
        self._room.set()

    # --- asking ------------------------------------------------------------------

    @property
    def usable(self) -> bool:
        """Tell whether a new command may be said: open, and nothing unasked came."""
        return self.is_connected and not self._heard

    @property
    def own_address(self) -> str:
        """Tell the IP address of our end; empty when the line is gone."""
        name = self.transport and self.transport.get_extra_info("sockname")
        return str(name[0]) if name else ""

    async def greeting(self, limit_s: float) -> Reply:
        """Wait for the server's first word."""
        return await self._answer(Phase.GREETING, self.read_response(), limit_s)

    async def ask(self, phase: Phase, command: bytes, limit_s: float) -> Reply:
        """Say one command, without its line end, and wait for its reply."""
        if self._heard:
            return self._out_of_turn(phase)
        return await self._answer(phase, self.execute_command(command), limit_s)

    async def upgrade(
        self, context: ssl.SSLContext, host: str, limit_s: float
    ) -> Reply:
        """Say STARTTLS and do the handshake; code 220 = the line is secure now."""
        if self._heard:
            return self._out_of_turn(Phase.TLS)
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
        reply = self._read(Phase.TLS, response.code, response.message)
        # Bytes behind the 220 came before the handshake: anybody may have put them in.
        return self._out_of_turn(Phase.TLS) if self._heard else reply

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

    def cut(self) -> None:
        """Hang up at once: the server must forget what was not finished."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    # --- inside --------------------------------------------------------------------

    async def _end(self, tail: bytes, limit_s: float) -> Reply:
        self.write(tail)  # usable a moment ago, and nothing was awaited since
        return await self._answer(Phase.DOT, self.read_response(), limit_s)

    async def _answer(
        self, phase: Phase, reply: Awaitable[SMTPResponse], limit_s: float
    ) -> Reply:
        # One timer that hangs up costs a fifth of the library's own time limit.
        self._is_late = False
        timer = self._loop_now.call_later(limit_s, self._give_up)
        try:
            response = await reply
        except SMTPException as exc:
            return self._failed(phase, exc, limit_s)
        except BaseException:
            self.cut()
            raise
        finally:
            timer.cancel()
        return self._read(phase, response.code, response.message)

    def _give_up(self) -> None:
        self._is_late = True
        self.cut()

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

    def _read(self, phase: Phase, code: int, message: str) -> Reply:
        heard = self._heard
        if heard.endswith(b"\n") and heard.count(b"\n") == 1:
            self._heard, agreed = b"", True
        else:
            self._heard, agreed = _surplus(heard, code)
        number = heard[:3].isdigit() and not heard[:4].isdigit()  # 2500 is no 250
        if agreed and number and 200 <= code <= 599:
            self.last_message = message
            return Reply(phase, code, clean(message))
        self.cut()
        return Reply(phase, 0, clean(f"unreadable reply: {message}"))

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

    def _out_of_turn(self, phase: Phase) -> Reply:
        heard = self._heard.decode("utf-8", "replace")
        self.cut()
        return Reply(phase, 0, clean(f"server spoke out of turn: {heard}"))

    def _interrupted(self) -> Reply:
        if self._heard:
            return self._out_of_turn(Phase.DATA)
        return Reply(Phase.DATA, 0, "connection lost in mid-letter")


def _surplus(heard: bytes, code: int) -> tuple[bytes, bool]:
    """Split off what follows the first whole reply; tell whether its codes agree."""
    number, rest, agreed = b"%03d" % max(code, 0), heard, True
    while rest:
        line, _, rest = rest.partition(b"\n")
        agreed = agreed and line[:3] == number
        if line[3:4] != b"-":
            break
    return rest, agreed
