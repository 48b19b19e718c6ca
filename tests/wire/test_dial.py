"""The laws of connecting: each address its limit, no waiting behind a dead one."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from outreachd.wire import dial
from outreachd.wire.dial import Dialer, DialError
from outreachd.wire.dns import LookupFailedError


class Names:
    """Answers every name with these addresses."""

    def __init__(self, *addresses: str) -> None:
        self.known = addresses

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Tell them, or that there are none."""
        if not self.known:
            raise LookupFailedError(f"{host}: no such host name in DNS")
        return self.known


@contextmanager
def black_hole(address: str, port: int = 0) -> Iterator[int]:
    """Listen and let no connection come about: its queue is full, SYNs are dropped."""
    stuffing = [socket.socket() for _ in range(4)]
    with socket.socket() as hole:
        hole.bind((address, port))
        hole.listen(0)
        for sock in stuffing:
            sock.setblocking(False)
            assert sock.connect_ex(hole.getsockname()) in (0, errno.EINPROGRESS)
        try:
            yield hole.getsockname()[1]
        finally:
            for sock in stuffing:
                sock.close()


@contextmanager
def listening(address: str, port: int = 0) -> Iterator[int]:
    with socket.socket() as sock:
        sock.bind((address, port))
        sock.listen(8)
        yield sock.getsockname()[1]


async def test_a_black_hole_ends_at_its_limit() -> None:
    """SMTP 2: a SYN nobody answers: the limit, then the words; the loop is free."""
    with black_hole("127.0.0.1") as port:
        with pytest.raises(DialError, match=r"no answer within 0\.1 s"):
            await Dialer(Names("127.0.0.1")).connect("mx", port, limit_s=0.1)


async def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """SMTP 2, DNS 37: a silent address costs a moment, and only the first time."""
    monkeypatch.setattr(dial, "STAGGER_S", 0.05)
    with listening("127.0.0.1") as port, black_hole("127.0.0.2", port):
        dialer = Dialer(Names("127.0.0.2", "127.0.0.1"))
        with await dialer.connect("mx", port, limit_s=30) as sock:
            assert sock.getpeername()[0] == "127.0.0.1"
        monkeypatch.setattr(dial, "STAGGER_S", 3600.0)
        with await dialer.connect("mx", port, limit_s=30) as sock:
            assert sock.getpeername()[0] == "127.0.0.1"


async def test_a_refused_address_is_no_reason_to_wait() -> None:
    """A refusal starts the next address at once; all refused: each is named."""
    with listening("127.0.0.1") as port:
        both = Names("127.0.0.2", "127.0.0.1")
        with await Dialer(both).connect("mx", port, limit_s=1) as sock:
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    with pytest.raises(DialError, match=r"0\.2 .*refused; .*0\.1 .*refused"):
        await Dialer(both).connect("mx", port, limit_s=1)


async def test_a_name_without_address_is_said_in_words() -> None:
    """The resolver's sentence is handed on."""
    with pytest.raises(DialError, match="no such host name"):
        await Dialer(Names()).connect("mx", 25, limit_s=1)


async def test_a_cancelled_dial_leaves_no_socket() -> None:
    """Whoever stops waiting leaves nothing open behind."""
    with black_hole("127.0.0.1") as port:
        dialing = asyncio.create_task(
            Dialer(Names("127.0.0.1")).connect("mx", port, limit_s=30)
        )
        await asyncio.wait([dialing], timeout=0.02)
        dialing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialing
