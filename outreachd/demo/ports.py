"""Ports that stay free until the one they are meant for listens there.

A number that was only looked up may be given to anybody before its user starts. Here a
socket holds it: bound and not listening, so that whoever asks for any port gets another
one, whoever connects is refused, and a listener with SO_REUSEADDR, as all servers here
set it, may take it, end, and take it again.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"


@contextmanager
def held_port() -> Iterator[int]:
    """Give a port of 127.0.0.1 that only who is told of it listens on."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((HOST, 0))
        number: int = holder.getsockname()[1]
        yield number
