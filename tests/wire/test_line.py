"""The laws of one line, and of the library under it: if that changes, it shows here."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from aiosmtplib.protocol import SMTPProtocol

from outreachd.rules.model import Phase, Reply
from outreachd.wire.line import Limits, Line


class Wire(asyncio.Transport):
    """A transport that only remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Remember."""
        self.written += bytes(data)

    def is_closing(self) -> bool:
        """Tell."""
        return self.closing

    def abort(self) -> None:
        """Hang up."""
        self.closing = True


def connected() -> tuple[Line, Wire]:
    line, wire = Line(), Wire()
    line.connection_made(wire)
    return line, wire


async def hear(line: Line, *pieces: bytes) -> Reply:
    """Ask NOOP and let the server answer in these pieces."""
    asking = asyncio.create_task(line.ask(Phase.MAIL, b"NOOP", 1.0))
    await asyncio.wait([asking], timeout=0)
    for piece in pieces:
        line.data_received(piece)
    return await asking


def test_the_library_still_has_what_a_line_overrides() -> None:
    """The methods a Line stands on exist, with the arguments it uses."""
    for name in ("data_received", "pause_writing", "resume_writing"):
        assert callable(getattr(SMTPProtocol, name))
    assert "timeout" in inspect.signature(SMTPProtocol.execute_command).parameters
    assert "timeout" in inspect.signature(SMTPProtocol.read_response).parameters
    names = inspect.signature(SMTPProtocol.start_tls).parameters
    assert {"tls_context", "server_hostname", "timeout"} <= set(names)


async def test_the_library_has_no_name_that_a_line_uses_otherwise() -> None:
    """A new attribute of the library's must not collide with one of ours."""
    ours = {"_heard", "_room", "login", "born", "used", "letters", "size_limit"}
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


async def test_what_comes_unasked_ends_the_line_before_a_word_is_said() -> None:
    """SMTP 23: bytes between commands are not dropped, not believed, not answered."""
    line, wire = connected()
    assert (await hear(line, b"250 ok\r\n")).code == 250
    line.data_received(b"250 early\r\n")
    assert not line.usable
    said = wire.written
    reply = await line.ask(Phase.RCPT, b"NOOP", 1.0)
    assert reply == Reply(Phase.RCPT, 0, "server spoke out of turn: 250 early")
    assert wire.written == said
    assert wire.closing


async def test_the_dot_is_not_said_to_a_line_that_spoke() -> None:
    """SMTP 23: an early 250 after the 354 keeps letter and dot here."""
    line, wire = connected()
    assert (await hear(line, b"354 go\r\n250 queued\r\n")).code == 354
    reply = await line.letter(b"x\r\n", Limits())
    assert (reply.phase, reply.code) == (Phase.DATA, 0)
    assert not wire.written.endswith(b".\r\n")


async def test_no_command_can_hold_a_second_one() -> None:
    """A line end in a command is a bug of ours, and never reaches the server."""
    line, wire = connected()
    with pytest.raises(ValueError, match="control character"):
        await line.ask(Phase.MAIL, b"NOOP\r\nQUIT", 1.0)
    assert wire.written == b""


async def test_unasked_bytes_cost_no_memory() -> None:
    """A server that floods an idle line fills no more than a bounded buffer."""
    line, _ = connected()
    await hear(line, b"250 ok\r\n")
    for _ in range(100):
        line.data_received(b"x" * 65_536)
    assert len(line._heard) <= 2 * 65_536
