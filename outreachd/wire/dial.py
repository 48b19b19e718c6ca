"""From a host name to a connected TCP socket.

Addresses are tried in the order the resolver gives them, the one that worked last
first. One that is slow is not waited for: after ``STAGGER_S`` the next is tried
beside it and the first to connect wins, so a broken IPv6 costs two seconds at most
and only once. Each address has its own limit. The caller owns the socket.
Errors: DialError with a sentence for people. Source: RFC 8305 (happy eyeballs).
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from contextlib import suppress

from outreachd.wire.dns import Addresses, LookupFailedError

STAGGER_S = 1.0
# A peer that does not even acknowledge for this long is gone (Linux, milliseconds);
# longer than the limit for a stalled letter, which tells more.
SILENT_PEER_MS = 200_000
KEEPALIVE_IDLE_S = 60


class DialError(Exception):
    """No address of the host could be reached, or none may be used."""


class Dialer:
    """Connects sockets; remembers which address of a host worked."""

    def __init__(self, resolver: Addresses) -> None:
        self._resolver = resolver
        self._worked: dict[str, str] = {}

    async def connect(
        self, host: str, port: int, *, limit_s: float, loopback_only: bool = False
    ) -> socket.socket:
        """Connect to ``host``; ``limit_s`` is for each address."""
        try:
            addresses = await self._resolver.addresses(host)
        except LookupFailedError as exc:
            raise DialError(str(exc)) from exc
        if loopback_only:
            _require_loopback(host, addresses)
        last = self._worked.get(host)
        ordered = sorted(addresses, key=lambda a: a != last)  # stable: False first
        address, sock = await _race(ordered, port, limit_s)
        self._worked[host] = address
        return sock


def _require_loopback(host: str, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        if not ipaddress.ip_address(address).is_loopback:
            raise DialError(
                f"{host} is {address}, not this machine: "
                "an account with tls = none must be; use starttls or implicit"
            )


async def _race(
    addresses: list[str], port: int, limit_s: float
) -> tuple[str, socket.socket]:
    waiting = list(addresses)
    running: dict[asyncio.Task[socket.socket], str] = {}
    failures: list[str] = []
    try:
        while waiting or running:
            if waiting:
                address = waiting.pop(0)
                running[asyncio.create_task(_dial(address, port, limit_s))] = address
            done, _ = await asyncio.wait(
                running,
                timeout=STAGGER_S if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                address = running.pop(task)
                error = task.exception()
                if error is None:
                    return address, task.result()
                failures.append(f"{address} port {port}: {error}")
    finally:
        for task in running:
            _drop(task)
    raise DialError("; ".join(failures))


async def _dial(address: str, port: int, limit_s: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as exc:
        raise DialError(_in_words(exc)) from exc
    try:
        sock.setblocking(False)
        _tune(sock)
        async with asyncio.timeout(limit_s):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except TimeoutError as exc:
        sock.close()
        raise DialError(f"no answer within {limit_s:g} s") from exc
    except OSError as exc:
        sock.close()
        raise DialError(_in_words(exc)) from exc
    except BaseException:
        sock.close()
        raise
    return sock


def _in_words(exc: OSError) -> str:
    # The loop puts its own words into strerror; the number tells more.
    return os.strerror(exc.errno) if exc.errno else str(exc) or type(exc).__name__


def _tune(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with suppress(AttributeError, OSError):  # names and units of Linux
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_PEER_MS)


def _drop(task: asyncio.Task[socket.socket]) -> None:
    def close(done: asyncio.Task[socket.socket]) -> None:
        if not done.cancelled() and done.exception() is None:
            done.result().close()

    task.add_done_callback(close)
    task.cancel()
