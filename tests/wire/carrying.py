"""What the tests of the wire share: accounts, a carrier with short limits, a letter.

The limits are short so that "for ever" ends soon; no test waits longer than one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

from outreachd.clock import RealClock
from outreachd.rules.model import (
    Account,
    Envelope,
    Reply,
    Route,
    Tls,
)
from outreachd.wire.line import Limits
from outreachd.wire.smtp import SmtpCarrier
from tests.wire.server import ScriptedServer

ENVELOPE = Envelope("ann@mail.acme.example", "bob@example.org")
LETTER = b"Subject: hello\r\n\r\nHi Bob,\r\n.hidden dot\r\n..two\r\nbye\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 400_000  # 7 MB
SHORT = Limits(
    connect_s=1, greeting_s=0.2, ehlo_s=0.2, tls_s=0.5, auth_s=0.2, mail_s=0.2,
    rcpt_s=0.2, data_s=0.2, stall_s=0.2, dot_s=0.2, quit_s=0.1,
)  # fmt: skip
LONG = Limits()


def account(server: ScriptedServer, **changes: Any) -> Account:
    values: dict[str, Any] = {
        "id": 1, "name": "relay", "kind": "smtp", "host": server.host,
        "port": server.port, "tls": Tls.NONE, "username": None,
        "rate_per_second": 50.0, "daily_limit": None, "max_connections": 4,
        "timezone": UTC,
    }  # fmt: skip
    return Account(**(values | changes))


def route(server: ScriptedServer, **changes: Any) -> Route:
    way_out = account(server, **changes)
    return Route(account=way_out, mailbox_id=None, username=way_out.username)


@asynccontextmanager
async def carrier(limits: Limits = SHORT, **more: Any) -> AsyncIterator[SmtpCarrier]:
    more.setdefault("password", lambda account_id, mailbox_id: "secret")
    more.setdefault("clock", RealClock())
    made = SmtpCarrier(limits=limits, our_name="out.test", **more)
    try:
        yield made
    finally:
        await made.close()


async def send(
    out: SmtpCarrier,
    way: Route,
    letter: bytes = LETTER,
    envelope: Envelope = ENVELOPE,
) -> Reply:
    session = await out.open(way, envelope, len(letter))
    return session if isinstance(session, Reply) else await session.deliver(letter)
