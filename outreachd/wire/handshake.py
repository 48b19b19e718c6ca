"""From a socket to a line that may say MAIL: greeting, EHLO, STARTTLS, AUTH.

What an account's settings ask for is demanded, never attempted: a server that does
not offer STARTTLS gets no login and no letter. The login mechanism is chosen once,
and its first refusal ends the try, because servers lock mailboxes that keep trying.
Each failure is a Reply that names the phase; then the line is cut.
Source: RFC 5321 section 3.1-3.2, RFC 3207 (STARTTLS), RFC 4954 (AUTH).
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiosmtplib.auth import (
    auth_login_encode,
    auth_plain_encode,
    auth_xoauth2_encode,
)
from aiosmtplib.esmtp import parse_esmtp_extensions

from outreachd.rules.model import Phase, Reply, Route, Tls
from outreachd.rules.reply import clean
from outreachd.wire.dial import Dialer, DialError
from outreachd.wire.line import Limits, Line

# A domain name or an address literal; nothing else may follow EHLO.
OUR_NAME = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F.:IPv]{2,45}\]"
)

SHORT_SECRET = 8  # characters; the beginning of a longer one gives it away

Password = Callable[[int, int | None], str | None]  # account id, mailbox id
Token = Callable[[int, int | None], Awaitable[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What every new line is opened with.

    ``our_name`` follows EHLO; empty = this machine's name if it has a dot, else the
    address literal of the line. ``password`` and ``token`` are asked at each login,
    so that a changed secret needs no restart; None = there is none (of tokens: now).
    """

    dialer: Dialer
    tls: ssl.SSLContext
    limits: Limits
    password: Password
    token: Token | None = None
    our_name: str = ""

    def __post_init__(self) -> None:
        if self.our_name and not OUR_NAME.fullmatch(self.our_name):
            raise ValueError(f"not a host name to greet servers with: {self.our_name}")

    async def open(self, route: Route) -> Line | Reply:
        """Connect and log in; the Reply tells what refused and in which phase."""
        line = await self._connect(route)
        if isinstance(line, Reply):
            return line
        try:
            refused = await self._introduce(line, route)
        except BaseException:
            line.cut()
            raise
        if refused is None:
            return line
        line.cut()
        return refused

    async def _connect(self, route: Route) -> Line | Reply:
        account = route.account
        try:
            sock = await self.dialer.connect(
                account.host,
                account.port,
                limit_s=self.limits.connect_s,
                loopback_only=account.tls is Tls.NONE,
            )
        except DialError as exc:
            return Reply(Phase.CONNECT, 0, clean(str(exc)))
        secure = account.tls is Tls.IMPLICIT
        limit_s = self.limits.tls_s
        try:
            async with asyncio.timeout(limit_s):
                _, line = await asyncio.get_running_loop().create_connection(
                    Line,
                    sock=sock,
                    ssl=self.tls if secure else None,
                    server_hostname=account.host if secure else None,
                )
        except TimeoutError:
            return Reply(Phase.TLS, 0, f"no TLS handshake within {limit_s:g} s")
        except ssl.SSLCertVerificationError as exc:
            return Reply(Phase.TLS, 0, clean(f"certificate: {exc.verify_message}"))
        except OSError as exc:
            phase = Phase.TLS if secure else Phase.CONNECT
            return Reply(phase, 0, clean(f"{type(exc).__name__}: {exc}"))
        return line

    async def _introduce(self, line: Line, route: Route) -> Reply | None:
        reply = await line.greeting(self.limits.greeting_s)
        if not _positive(reply):
            return reply
        offers = await self._ehlo(line, route)
        if isinstance(offers, Reply):
            return offers
        if route.account.tls is Tls.STARTTLS:
            refused = await self._secure(line, route, offers)
            if refused is not None:
                return refused
            offers = await self._ehlo(line, route)
            if isinstance(offers, Reply):
                return offers
        line.takes_ids = "dsn" in offers.keywords
        line.takes_two = "pipelining" in offers.keywords
        line.announces_size = "size" in offers.keywords
        line.size_limit = _size(offers.keywords.get("size", ""))
        return await self._login(line, route, offers) if route.username else None

    async def _ehlo(self, line: Line, route: Route) -> _Offers | Reply:
        name = (self.our_name or _own_name(line)).encode("ascii")
        reply = await line.ask(Phase.EHLO, b"EHLO " + name, self.limits.ehlo_s)
        if _positive(reply):
            return _Offers(*parse_esmtp_extensions(line.last_message))
        plain = route.account.tls is not Tls.STARTTLS and route.username is None
        if plain and 500 <= reply.code < 505 and line.usable:
            reply = await line.ask(Phase.EHLO, b"HELO " + name, self.limits.ehlo_s)
            return _Offers({}, []) if _positive(reply) else reply
        return reply

    async def _secure(self, line: Line, route: Route, offers: _Offers) -> Reply | None:
        if "starttls" not in offers.keywords:
            why = (
                f"{route.account.host} does not offer STARTTLS, so nothing was said to"
                " it; if it speaks TLS from the start, set tls = implicit"
            )
            return Reply(Phase.TLS, 0, clean(why))
        reply = await line.upgrade(self.tls, route.account.host, self.limits.tls_s)
        return None if reply.code == 220 else reply

    async def _login(self, line: Line, route: Route, offers: _Offers) -> Reply | None:
        assert route.username
        who = route.account.id, route.mailbox_id
        password = self.password(*who)
        token = await self.token(*who) if self.token else None
        if token == "" and not password:  # None: this login has no token at all
            return Reply(Phase.AUTH, 454, "no access token is to be had now")
        if token and "xoauth2" in offers.mechanisms:
            said = [b"AUTH XOAUTH2 " + auth_xoauth2_encode(route.username, token), b""]
        elif password and "plain" in offers.mechanisms:
            said = [b"AUTH PLAIN " + auth_plain_encode(route.username, password)]
        elif password and "login" in offers.mechanisms:
            user, secret = auth_login_encode(route.username, password)
            said = [b"AUTH LOGIN " + user, secret]
        else:
            return _no_way_in(route.username, password or token, offers)
        for command in said:
            reply = await line.ask(Phase.AUTH, command, self.limits.auth_s)
            if reply.code != 334:
                break
        if _positive(reply):
            return None
        # Servers repeat what they do not understand, and this is kept and shown.
        spoken = (word.decode().split()[-1] for word in said if word)
        return _without(reply, password or "", token or "", *spoken)


@dataclass(frozen=True, slots=True)
class _Offers:
    """What the server's EHLO reply offers, in small letters."""

    keywords: dict[str, str]
    mechanisms: list[str]


def _no_way_in(username: str, secret: str | None, offers: _Offers) -> Reply:
    if not secret:
        why = f"530 no password is stored for {username}, or it does not open"
        why += ": set password_file and apply; `outreachd check` tells which"
    else:
        ways = " ".join(offers.mechanisms) or "none"
        why = f"504 the server takes none of our logins; it offers: {ways}"
    return Reply(Phase.AUTH, int(why[:3]), clean(why[4:]))


def _without(reply: Reply, *secrets: str) -> Reply:
    """Blot out secrets that a server repeats, also one that is cut short."""
    text = reply.text
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
        if len(secret) > SHORT_SECRET:
            text = re.sub(re.escape(secret[:SHORT_SECRET]) + r"\S*", "***", text)
    return Reply(reply.phase, reply.code, text)


def _positive(reply: Reply) -> bool:
    return 200 <= reply.code < 300


def _size(argument: str) -> int:
    is_number = argument.isascii() and argument.isdigit() and len(argument) < 20
    return int(argument) if is_number else 0


def _own_name(line: Line) -> str:
    name = socket.gethostname()
    if "." in name and OUR_NAME.fullmatch(name):
        return name
    address = line.own_address
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
