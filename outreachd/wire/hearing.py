"""What is heard on a line to an SMTP server: whole replies, and what nobody asked for.

``Hearing`` is aiosmtplib's protocol with ears of its own. The library keeps bytes that
come after a reply and pairs them with the next command, drops bytes that come unasked,
and takes the last code of a reply whose lines disagree. Here a reply that disagrees
with itself counts as unreadable, and whatever follows a reply stays heard until it is
waited for: a line on which something stayed is not usable.

Limits are seconds. Source: RFC 5321 section 4.2.
"""

from __future__ import annotations

import asyncio
from typing import cast

from aiosmtplib.errors import SMTPResponseException
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from outreachd.rules.model import Phase, Reply
from outreachd.rules.reply import clean

HEARD_AT_MOST = 65_536  # bytes
REPLY_AT_MOST = 32_768  # bytes; the longest EHLO answer has a few thousand


class Hearing(SMTPProtocol):
    """The ears of a line; one reply is waited for at a time."""

    def __init__(self) -> None:
        self._loop_now = asyncio.get_running_loop()
        super().__init__(loop=self._loop_now)
        self.last_message = ""  # as it came, lines and all; for the EHLO keywords
        self._heard = b""
        self._is_late = False  # the server let a limit pass
        self._is_over = False  # nothing more will be heard
        self._listener: asyncio.Future[None] | None = None  # for one whole reply
        self._room = asyncio.Event()
        self._room.set()

    # --- what the transport tells us -------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Keep what is said, and wake whoever waits for a whole reply."""
        if len(self._heard) < HEARD_AT_MOST:
            self._heard += data
        self._room.set()  # whoever waits to write on must hear this first
        if self._listener is not None and _has_ended(self._heard):
            self._wake()

    def eof_received(self) -> bool:
        """Note that the server has said its last word; the transport closes."""
        self._is_over = True
        self._wake()
        return False

    def pause_writing(self) -> None:
        """Note that the transport has all it can hold."""
        self._room.clear()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that what was written has gone out."""
        self._room.set()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits: there will be no reply and no room."""
        super().connection_lost(exc)
        self._is_over = True
        self._wake()
        self._room.set()

    # --- hearing -----------------------------------------------------------------

    @property
    def usable(self) -> bool:
        """Tell whether a new command may be said: open, and nothing unasked came."""
        return self.is_connected and not self._heard

    async def hear(self, phase: Phase, limit_s: float) -> Reply:
        """Wait for one whole reply and take it; what follows it stays heard."""
        self._is_late = False
        if not self._is_over and not (self._heard and _has_ended(self._heard)):
            # One timer that hangs up costs a fifth of a time limit of asyncio's.
            timer = self._loop_now.call_later(limit_s, self._give_up)
            self._listener = self._loop_now.create_future()
            try:
                await self._listener
            except BaseException:
                self.cut()
                raise
            finally:
                self._listener = None
                timer.cancel()
        return self._read(phase, limit_s)

    def _wake(self) -> None:
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)

    def _give_up(self) -> None:
        self._is_late = True
        self.cut()
        self._wake()

    async def read_response(self, timeout: float | None = None) -> SMTPResponse:
        """Read for the library, which asks when it says STARTTLS."""
        reply = await self.hear(Phase.TLS, timeout or 0.0)
        if reply.code == 0:
            raise SMTPResponseException(0, reply.text)
        return SMTPResponse(reply.code, reply.text)

    def cut(self) -> None:
        """Hang up at once: the server must forget what was not finished."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    def out_of_turn(self, phase: Phase) -> Reply:
        """Hang up on a server that spoke unasked; tell what it said."""
        heard = self._heard.decode("utf-8", "replace")
        self.cut()
        return Reply(phase, 0, clean(f"server spoke out of turn: {heard}"))

    # --- inside ------------------------------------------------------------------

    def _read(self, phase: Phase, limit_s: float) -> Reply:
        end = _end_of_reply(self._heard)
        if not end:
            return self._unheard(phase, limit_s)
        said, self._heard = self._heard[:end], self._heard[end:]
        number, words, agreed = said[:3], said[4:].strip(), True
        if said.find(b"\n") + 1 < end:  # of several lines; most replies have one
            lines = said.split(b"\n")[:-1]
            words = b"\n".join([line[4:].strip() for line in lines])
            agreed = all(line[:3] == number for line in lines)
        message = words.decode("utf-8", "surrogateescape")
        # A fourth digit makes a number that is none: 2500 is no 250.
        sound = agreed and number.isdigit() and not said[3:4].isdigit()
        if sound and b"200" <= number < b"600":
            self.last_message = message
            return Reply(phase, int(number), clean(message))
        self.cut()
        return Reply(phase, 0, clean(f"unreadable reply: {message}"))

    def _unheard(self, phase: Phase, limit_s: float) -> Reply:
        self.cut()
        if self._is_late:
            return Reply(phase, 0, f"no answer within {limit_s:g} s")
        if self._is_over:
            return Reply(phase, 0, "connection lost")
        return Reply(phase, 0, f"unreadable reply: over {REPLY_AT_MOST} bytes")


def _has_ended(heard: bytes) -> bool:
    """Tell whether a whole reply was heard, or more than any reply has."""
    return _end_of_reply(heard) > 0 or len(heard) > REPLY_AT_MOST


def _end_of_reply(heard: bytes) -> int:
    """Find where the first whole reply ends; 0 = not yet."""
    start = 0
    while end := heard.find(b"\n", start) + 1:
        if heard[start + 3 : start + 4] != b"-":
            return end
        start = end
    return 0
