"""How the hosts of a DSN are read, and in which order they are tried."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from outreachd.store.database import Database
from outreachd.store.hosts import Host, parse_hosts


@pytest.mark.parametrize(
    ("dsn", "hosts"),
    [
        ("postgresql://u@h1/d", [("h1", 5432)]),
        ("postgres://u:p%40@h1:1,h2:2/d?sslmode=require", [("h1", 1), ("h2", 2)]),
        ("postgresql://h1,h2:6543/d", [("h1", 5432), ("h2", 6543)]),
        ("postgresql://[::1]:7,[fe80::1]/d", [("::1", 7), ("fe80::1", 5432)]),
        ("postgresql://u@/d?host=/run/pg", [("/run/pg", 5432)]),
        ("postgresql://u@/d?host=/run/a%20b&port=6", [("/run/a b", 6)]),
        ("postgresql://u@/d?host=h1,/run/pg&port=6,7", [("h1", 6), ("/run/pg", 7)]),
        ("postgresql://%2Frun%2Fpg/d", [("/run/pg", 5432)]),
        ("postgresql:///d", [(None, 5432)]),
    ],
)
def test_hosts_are_read_as_libpq_reads_them(
    dsn: str, hosts: list[tuple[str | None, int]]
) -> None:
    """Lists, ports, sockets and IPv6 addresses, in the order written."""
    assert parse_hosts(dsn) == [Host(*host) for host in hosts]


@pytest.mark.parametrize(
    "dsn",
    ["mysql://h/d", "h1/d", "postgresql://h1,h2,h3/d?port=1,2", "postgres://h:x/"],
)
def test_an_unreadable_dsn_is_refused(dsn: str) -> None:
    """Nothing is guessed about where the outbox lies."""
    with pytest.raises(ValueError, match=r"it |invalid literal"):
        parse_hosts(dsn)


async def test_links_over_tcp_are_watched(tcp_url: str) -> None:
    """A dead peer is noticed by keepalive and by unanswered data, not never."""
    database = await Database.open(tcp_url)
    async with database.connection() as connection:
        lent: Any = connection
        link = lent._transport.get_extra_info("socket")
        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            limit = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert limit == 20_000
    await database.close(5)
