"""What the tests of the wire share: accounts, a carrier, a letter.

A test that waits for a limit shortens that one and no other (``carrier(dot_s=0.1)``),
so that a busy machine cannot make another step fail.
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
async def carrier(**more: Any) -> AsyncIterator[SmtpCarrier]:
    """Make a carrier; arguments that end in ``_s`` are limits."""
    limits = Limits(**{name: more.pop(name) for name in [*more] if name[-2:] == "_s"})
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
