"""The laws of hearing, and of the library under it: if that changes, it shows here."""

from __future__ import annotations

import inspect

import pytest
from aiosmtplib.protocol import SMTPProtocol

from outreachd.rules.model import Phase, Reply
from tests.wire.wires import connected, hear


def test_the_library_still_has_what_a_line_overrides() -> None:
    """The methods a Line stands on exist, with the arguments it uses."""
    for name in ("data_received", "eof_received", "pause_writing", "resume_writing"):
        assert callable(getattr(SMTPProtocol, name))
    assert "timeout" in inspect.signature(SMTPProtocol.read_response).parameters
    names = inspect.signature(SMTPProtocol.start_tls).parameters
    assert {"tls_context", "server_hostname", "timeout"} <= set(names)


async def test_the_library_has_no_name_that_a_line_uses_otherwise() -> None:
    """A new attribute of the library's must not collide with one of ours."""
    line, _ = connected()
    ours = set(vars(line)) - set(vars(SMTPProtocol()))
    assert {"_heard", "_listener", "_room", "login"} <= ours
    ours |= {"_answer", "_say", "_read", "_wake", "_end", "ask", "announce", "cut"}
    assert not ours & (set(vars(SMTPProtocol())) | set(dir(SMTPProtocol)))


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([b"250 ok\r\n"], 250),
        ([b"25", b"0 ok\r", b"\n"], 250),
        ([b"250-a\r\n250", b"-b\r\n", b"250 c\r\n"], 250),
        ([b"250-a\r\n250 b\r\n"], 250),
        ([b"250-a\r\n251 b\r\n"], 0),
        ([b"550-a\r\n250 b\r\n"], 0),
        ([b"250-a\r\nxyz\r\n"], 0),
        ([b"+25 ok\r\n"], 0),
        ([b" 25 ok\r\n"], 0),
        ([b"2_5 ok\r\n"], 0),
        ([b"-25 ok\r\n"], 0),
    ],
)
async def test_a_reply_agrees_with_itself_or_is_none(
    pieces: list[bytes], code: int
) -> None:
    """SMTP 18, 20: one code on all its lines, three digits, in whatever pieces."""
    line, wire = connected()
    assert (await hear(line, *pieces)).code == code
    assert wire.closing == (code == 0)


async def test_a_reply_without_an_end_costs_no_memory() -> None:
    """SMTP 20: lines that go on for ever are given up, and the server with them."""
    line, wire = connected()
    reply = await hear(line, *[b"250-and more\r\n" * 1000] * 3)
    assert reply == Reply(Phase.MAIL, 0, "unreadable reply: over 32768 bytes")
    assert wire.closing


async def test_unasked_bytes_cost_no_memory() -> None:
    """A server that floods an idle line fills no more than a bounded buffer."""
    line, _ = connected()
    await hear(line, b"250 ok\r\n")
    for _ in range(100):
        line.data_received(b"x" * 65_536)
    assert len(line._heard) <= 2 * 65_536
