"""The laws of naming a place to listen."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from outreachd.listen import Listen, PrivateListen, TcpListen, UnixListen

ANY: TypeAdapter[TcpListen | UnixListen] = TypeAdapter(Listen)
PRIVATE: TypeAdapter[TcpListen | UnixListen] = TypeAdapter(PrivateListen)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("127.0.0.1:8025", TcpListen("127.0.0.1", 8025)),
        ("[::1]:1", TcpListen("::1", 1)),
        ("localhost:65535", TcpListen("localhost", 65535)),
        ("unix:run/control.sock", UnixListen(Path("run/control.sock"))),
    ],
)
def test_a_place_is_read_from_text(text: str, value: TcpListen | UnixListen) -> None:
    """Addresses with ports, and sockets."""
    assert ANY.validate_python(text) == value
    assert PRIVATE.validate_python(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":80",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "1.2.3:x",
        "127.0.0.1:8_025",
        "127.0.0.1:\u0668\u0660",
        "host:80",
        "unix:",
        "unix",
        "http://127.0.0.1:80",
        80,
        None,
    ],
)
def test_anything_else_is_refused(text: object) -> None:
    """Names are refused too: what a name means may change after the start."""
    with pytest.raises(ValidationError, match="must be"):
        ANY.validate_python(text)


@pytest.mark.parametrize("text", ["0.0.0.0:80", "192.0.2.1:80", "[::]:80"])
def test_a_private_place_is_on_this_machine(text: str) -> None:
    """Control never listens to the world."""
    assert isinstance(ANY.validate_python(text), TcpListen)
    with pytest.raises(ValidationError, match="loopback"):
        PRIVATE.validate_python(text)


def test_a_relative_socket_counts_from_the_settings() -> None:
    """An address has no path to count."""
    root = Path("/etc/outreachd")
    assert UnixListen(Path("a.sock")).below(root) == UnixListen(root / "a.sock")
    assert TcpListen("::1", 1).below(root) == TcpListen("::1", 1)
