"""Whether an account's server is there and greets: no login, no letter, LIMIT_S each.

Names are looked up and dialled the way the daemon does it. With implicit TLS the
certificate is checked, as it will be when sending. Errors: NoGreetingError with a
sentence part.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress

from outreachd.rules.model import Account, Tls
from outreachd.wire.dial import Dialer, DialError
from outreachd.wire.tls import client_context

LIMIT_S = 5.0
LONGEST_LINE = 512  # octets, RFC 5321 section 4.5.3.1.5
READY = re.compile(rb"220[ -]")


class NoGreetingError(Exception):
    """The server cannot be reached or does not greet; the text says why."""


async def greeting(account: Account, dialer: Dialer) -> str:
    """Connect, read the greeting, say goodbye; tell what the server calls itself."""
    try:
        async with asyncio.timeout(LIMIT_S):
            return await _greeting(account, dialer)
    except TimeoutError:
        raise NoGreetingError(f"no greeting within {LIMIT_S:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise NoGreetingError(f"its certificate: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise NoGreetingError(f"no TLS: {error.reason or error}") from None
    except (OSError, DialError) as error:
        # Of a host that is an address the caller has named the place already.
        why = str(error).removeprefix(f"{account.host} port {account.port}: ")
        raise NoGreetingError(
            f"cannot be reached ({why}): see that host and port are right and that a"
            " server listens there"
        ) from None


async def _greeting(account: Account, dialer: Dialer) -> str:
    sock = await dialer.connect(
        account.host,
        account.port,
        limit_s=LIMIT_S,
        loopback_only=account.tls is Tls.NONE,
    )
    implicit = account.tls is Tls.IMPLICIT
    try:
        reader, writer = await asyncio.open_connection(
            sock=sock,
            ssl=client_context() if implicit else None,
            server_hostname=account.host if implicit else None,
            limit=LONGEST_LINE,
        )
    except BaseException:
        sock.close()
        raise
    try:
        line = await _line(reader)
        writer.write(b"QUIT\r\n")
        with suppress(OSError):
            await writer.drain()
    finally:
        writer.close()
    if not READY.match(line):
        raise NoGreetingError(f"it does not greet but says {_clean(line)!r}")
    return _clean(line[4:])


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ValueError:  # longer than any greeting may be
        raise NoGreetingError("its greeting has no end") from None


def _clean(line: bytes) -> str:
    text = line.decode("ascii", "replace").strip()
    return "".join(c if c.isprintable() else "?" for c in text)
