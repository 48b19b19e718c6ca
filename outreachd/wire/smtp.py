"""Hands letters over by SMTP: the carrier that the flow speaks to.

``open`` says MAIL and RCPT on a warm or new line and answers with a session, or with
the Reply that refused. ``deliver`` says DATA, the letter and the dot. What ends other
than by an acceptance gives up the line: no RSET, no second use. A Reply of phase DOT
with code 0 is the one case in which the server may have the letter.
Nothing raises for what a server or the network does. Limits and ages are seconds.
Source: RFC 5321, RFC 1870 (SIZE), RFC 1047 (the gap after the dot).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from outreachd.clock import Clock
from outreachd.rules.model import Envelope, Phase, Reply, Route
from outreachd.wire.connections import Bounds, ClosedError, Connections, Figures
from outreachd.wire.dial import Dialer
from outreachd.wire.dns import Addresses, Resolver
from outreachd.wire.handshake import Handshake, Password, Token
from outreachd.wire.line import Limits, Line
from outreachd.wire.tls import client_context

# Dot-atom local part and a domain: all that we write to, and nothing that could end
# a command early. RFC 5321 section 4.1.2, without quoted local parts.
ADDRESS = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?",
    re.ASCII,
)
_WITHIN_A_LINE = bytes(octet for octet in range(256) if octet not in b"\r\n")


class SmtpCarrier:
    """The way to every SMTP account.

    ``clock`` must be a real one even where the daemon's is virtual: servers live in
    real time. ``our_name`` follows EHLO ("" = found out). Raises ValueError for a
    name that is none, OSError for an unreadable ``ca_file``.
    """

    def __init__(
        self,
        *,
        password: Password,
        clock: Clock,
        token: Token | None = None,
        resolver: Addresses | None = None,
        limits: Limits | None = None,
        bounds: Bounds | None = None,
        ca_file: Path | None = None,
        our_name: str = "",
    ) -> None:
        self._limits = limits or Limits()
        self._clock = clock
        self._handshake = Handshake(
            dialer=Dialer(resolver or Resolver()),
            tls=client_context(ca_file),
            limits=self._limits,
            password=password,
            token=token,
            our_name=our_name,
        )
        self._connections = Connections(
            bounds or Bounds(), clock.monotonic, quit_s=self._limits.quit_s
        )

    async def open(
        self, route: Route, envelope: Envelope, size: int
    ) -> SmtpSession | Reply:
        """Connect or reuse, say MAIL and RCPT; a Reply means refused or unreachable."""
        refused = _refused_here(envelope)
        if refused is not None:
            return refused
        account_id = route.account.id
        while True:
            line, fresh = await self._line(route)
            if isinstance(line, Reply):
                return line
            if 0 < line.size_limit < size:
                self._connections.keep(account_id, line)
                return _too_big(size, line.size_limit)
            try:
                refused = await self._announce(line, envelope, size)
            except BaseException:
                self._connections.drop(account_id, line)
                raise
            if refused is None:
                return SmtpSession(self._connections, account_id, line, self._limits)
            self._connections.drop(account_id, line, politely=line.usable)
            if fresh or not _is_stale(refused):
                return refused

    async def close(self) -> None:
        """Say goodbye to all idle lines; open() refuses from now on."""
        await self._connections.close()

    def statistics(self) -> dict[int, Figures]:
        """Tell how many lines each account has, by its id."""
        return self._connections.figures()

    async def _line(self, route: Route) -> tuple[Line | Reply, bool]:
        """Get a line and whether it is a new one."""
        account, login = route.account, route.username or ""
        try:
            line = await self._connections.take(
                account.id, account.max_connections, login
            )
        except ClosedError:
            return Reply(Phase.CONNECT, 0, "outreachd is stopping"), True
        if line is not None:
            return line, False
        try:
            opened = await self._handshake.open(route)
        except BaseException:
            self._connections.free(account.id)
            raise
        if isinstance(opened, Reply):
            self._connections.free(account.id)
        else:
            opened.login = login
            opened.born = opened.used = self._clock.monotonic()
        return opened, True

    async def _announce(
        self, line: Line, envelope: Envelope, size: int
    ) -> Reply | None:
        options = f" SIZE={size}" if line.announces_size else ""
        if envelope.id and line.takes_ids:
            options += f" RET=HDRS ENVID={envelope.id}"  # a token needs no xtext
        mail = f"MAIL FROM:<{envelope.sender}>{options}".encode("ascii")
        rcpt = f"RCPT TO:<{envelope.recipient}>".encode("ascii")
        reply = await line.announce(mail, rcpt, self._limits)
        return None if 200 <= reply.code < 300 else reply


class SmtpSession:
    """One transaction on one line: MAIL and RCPT accepted, DATA not yet said."""

    __slots__ = ("_account_id", "_connections", "_limits", "_line")

    def __init__(
        self, connections: Connections, account_id: int, line: Line, limits: Limits
    ) -> None:
        self._connections = connections
        self._account_id = account_id
        self._line = line
        self._limits = limits

    async def deliver(
        self, message: bytes, may_go: Callable[[], bool] = lambda: True
    ) -> Reply:
        """Send DATA, the letter, the final dot; tell the last reply.

        ``message`` has CRLF line ends only and is not dot-stuffed. ``may_go`` is asked
        when the server wants it; a no cuts the line. If cancelled, the line is cut;
        after the dot that leaves open what became of the letter.
        """
        try:
            reply = await self._say(message, may_go)
        except BaseException:
            self._connections.drop(self._account_id, self._line)
            raise
        if reply.phase is Phase.DOT and 200 <= reply.code < 300:
            self._line.letters += 1
            self._connections.keep(self._account_id, self._line)
        else:
            sane = self._line.usable
            self._connections.drop(self._account_id, self._line, politely=sane)
        return reply

    def abandon(self) -> None:
        """Cut the line before DATA: the server must forget the letter."""
        self._connections.drop(self._account_id, self._line)

    async def _say(self, message: bytes, may_go: Callable[[], bool]) -> Reply:
        if not _has_clean_ends(message):
            # A bare CR or LF is where one letter could become two (RFC 5321, 2.3.8).
            why = "5.6.0 the letter has a bare CR or LF; nothing was sent"
            return Reply(Phase.DATA, 554, why)
        reply = await self._line.ask(Phase.DATA, b"DATA", self._limits.data_s)
        if reply.code != 354:
            return reply
        if not may_go():
            self._line.cut()
            return Reply(Phase.DATA, 0, "another daemon may send now; nothing was sent")
        return await self._line.letter(_stuffed(message), self._limits)


def _stuffed(message: bytes) -> bytes:
    body = message.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body if body.endswith(b"\r\n") else body + b"\r\n"


def _has_clean_ends(message: bytes) -> bool:
    """Tell whether CR and LF stand only as pairs: take all else out and look."""
    ends = message.translate(None, _WITHIN_A_LINE)  # a third of the price of counting
    return ends == b"\r\n" * (len(ends) // 2)


def _refused_here(envelope: Envelope) -> Reply | None:
    if not ADDRESS.fullmatch(envelope.sender):
        return Reply(Phase.MAIL, 553, "5.1.7 not a plain address; nothing was sent")
    if not ADDRESS.fullmatch(envelope.recipient):
        return Reply(Phase.RCPT, 553, "5.1.3 not a plain address; nothing was sent")
    return None


def _too_big(size: int, limit: int) -> Reply:
    text = f"5.3.4 letter of {size} bytes, server takes {limit}; nothing was sent"
    return Reply(Phase.MAIL, 552, text)


def _is_stale(reply: Reply) -> bool:
    """Tell whether a kept line had simply ended: a new one may do better."""
    return reply.phase is Phase.MAIL and reply.code in (0, 421)
