"""Which server to connect to, when the DSN names one or several.

Each host gets HOST_LIMIT_S of its own, so that a silent first host costs seconds and
not the whole attempt; only a server that takes writes will do. The next attempt
begins with the host that worked last, or after the one that was being tried when the
caller lost patience. TCP links are watched, so that a dead peer is noticed.
Errors: ValueError for an unreadable DSN; else what the last host answered.
Source: libpq documentation, "Connection URIs" and "Specifying Multiple Hosts".
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from asyncpg.connect_utils import SessionAttribute

HOST_LIMIT_S = 4.0  # the second host is in use within 5 s
DEFAULT_PORT = 5432
READ_WRITE = SessionAttribute.read_write

# A peer that vanished is noticed within 30 s of silence, or of unanswered data.
KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}  # s, s, probes
USER_TIMEOUT_MS = 20_000


@dataclass(frozen=True, slots=True)
class Host:
    """One server; no name = wherever the environment of libpq points."""

    name: str | None
    port: int

    def arguments(self) -> dict[str, Any]:
        """Give what overrides the hosts of the DSN."""
        return {"host": self.name, "port": self.port} if self.name else {}


def parse_hosts(dsn: str) -> list[Host]:
    """Read the hosts from a DSN, in order."""
    parts = urlsplit(dsn)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("it does not begin with postgresql://")
    query = parse_qs(parts.query)
    listed = parts.netloc.rpartition("@")[2] or ",".join(query.get("host", []))
    if not listed:
        return [Host(None, DEFAULT_PORT)]
    ports = [int(p) for p in ",".join(query.get("port", [])).split(",") if p]
    names = listed.split(",")
    if len(ports) not in (0, 1, len(names)):
        raise ValueError("it names more or fewer ports than hosts")
    if len(ports) < 2:
        ports = (ports or [DEFAULT_PORT]) * len(names)
    return [_host(name, port) for name, port in zip(names, ports, strict=True)]


def _host(text: str, port: int) -> Host:
    if text.startswith("/"):
        return Host(text, port)
    name, colon, own_port = text.rpartition(":")
    if not colon or "]" in own_port:  # no port of its own; [::1] is all address
        name, own_port = text, str(port)
    return Host(unquote(name.strip("[]")), int(own_port))


class Dialer:
    """Makes the pool's connections; remembers which host to try first."""

    def __init__(self, hosts: list[Host]) -> None:
        self._hosts = hosts
        self._first = 0
        self.made = 0  # connections, ever

    async def __call__(self, *args: Any, **kwargs: Any) -> asyncpg.Connection[Any]:
        """Connect to the first host that takes writes; else raise the last error."""
        count = len(self._hosts)
        start, error = self._first, None
        for index in ((start + i) % count for i in range(count)):
            self._first = (index + 1) % count  # if we are cancelled meanwhile
            try:
                connection = await self._connect(self._hosts[index], args, kwargs)
            except (OSError, asyncpg.PostgresError, *_REFUSALS) as failed:
                error = failed
            else:
                self._first = index
                self.made += 1
                return connection
        assert error
        raise error

    async def _connect(
        self, host: Host, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> asyncpg.Connection[Any]:
        kwargs |= host.arguments()
        connection: asyncpg.Connection[Any] = await asyncpg.connect(
            *args, **kwargs, target_session_attrs=READ_WRITE, timeout=HOST_LIMIT_S
        )
        # asyncpg has no other way to its socket.
        link = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        _watch_link(link)
        return connection


_REFUSALS = (asyncpg.TargetServerAttributeNotMatched, asyncpg.InterfaceError)


def _watch_link(link: socket.socket) -> None:
    if link.family == socket.AF_UNIX:
        return
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
