"""The laws of a port that is held: nobody's by chance, its user's again and again."""

from __future__ import annotations

import socket

import pytest

from outreachd.demo.ports import HOST, held_port

LOOKS = 2000


def test_who_is_told_of_it_listens_there_again_and_again() -> None:
    """Between two listeners it is refused, and never given to another."""
    with held_port() as port:
        for _ in range(2):
            with socket.create_server((HOST, port)):
                socket.create_connection((HOST, port)).close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((HOST, port))


def test_nobody_gets_it_by_chance() -> None:
    """Whoever asks for any free port gets another one, also who would share it."""
    with held_port() as port:
        for _ in range(LOOKS):
            with socket.create_server((HOST, 0)) as other:
                assert other.getsockname()[1] != port
