"""The laws of one line: what it says, and what it does not."""

from __future__ import annotations

import asyncio

import pytest

from outreachd.rules.model import Phase, Reply
from outreachd.wire.line import Limits, Line
from tests.wire.wires import connected, hear


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


# --- two commands at once ------------------------------------------------------------

BOTH = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"


async def announce(line: Line, *pieces: bytes, **limits: float) -> Reply:
    """Say MAIL and RCPT at once and let the server answer in these pieces."""
    line.takes_two = True
    mail, rcpt, _ = BOTH.split(b"\r\n")
    asking = asyncio.create_task(line.announce(mail, rcpt, Limits(**limits)))
    for piece in pieces:
        await asyncio.wait([asking], timeout=0)
        line.data_received(piece)
    return await asking


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"250 a\r\n250 b\r\n"], Reply(Phase.RCPT, 250, "b")),
        ([b"250-a\r\n250 a\r\n25", b"1 b\r\n"], Reply(Phase.RCPT, 251, "b")),
        ([b"250 a\r\n", b"550 no\r\n"], Reply(Phase.RCPT, 550, "no")),
        ([b"451 a\r\n503 b\r\n"], Reply(Phase.MAIL, 451, "a")),
        ([b"550 a\r\n", b"250 b\r\n"], Reply(Phase.MAIL, 550, "a")),
    ],
)
async def test_each_of_two_replies_is_judged_as_its_own(
    pieces: list[bytes], expected: Reply
) -> None:
    """SMTP 7, 8: a refused MAIL is the sender's trouble, whatever RCPT was told."""
    line, wire = connected()
    assert await announce(line, *pieces) == expected
    assert wire.written == BOTH
    assert line.usable


async def test_one_by_one_where_two_are_not_offered() -> None:
    """RCPT is not said to a server that has not answered MAIL."""
    line, wire = connected()
    mail, rcpt, _ = BOTH.split(b"\r\n")
    asking = asyncio.create_task(line.announce(mail, rcpt, Limits()))
    await asyncio.wait([asking], timeout=0)
    assert wire.written == mail + b"\r\n"
    line.data_received(b"250 a\r\n")
    await asyncio.wait([asking], timeout=0)
    assert wire.written == BOTH
    line.data_received(b"250 b\r\n")
    assert await asking == Reply(Phase.RCPT, 250, "b")


async def test_a_third_reply_to_two_commands_keeps_data_unsaid() -> None:
    """SMTP 23: what is heard beyond the two replies ends the line before DATA."""
    line, wire = connected()
    answers = b"250 a\r\n250 b\r\n354 go\r\n"
    assert (await announce(line, answers)).code == 250
    assert not line.usable
    reply = await line.ask(Phase.DATA, b"DATA", 1.0)
    assert (reply.phase, reply.code) == (Phase.DATA, 0)
    assert wire.written == BOTH


async def test_a_goodbye_to_two_commands_is_not_waited_on() -> None:
    """SMTP 10: 421 ends the talk: no second reply is due."""
    line, _ = connected()
    assert await announce(line, b"421 bye\r\n") == Reply(Phase.MAIL, 421, "bye")


async def test_a_second_reply_that_never_comes_is_missed_for_a_moment_only() -> None:
    """A refusal of MAIL is told soon, though the line is not fit for a goodbye."""
    line, wire = connected()
    reply = await announce(line, b"550 no\r\n", quit_s=0.01)
    assert reply == Reply(Phase.MAIL, 550, "no")
    assert wire.closing


async def test_a_server_that_answers_one_of_two_is_late_with_the_other() -> None:
    """SMTP 11: silence after MAIL's reply is RCPT's; nothing was sent."""
    line, wire = connected()
    reply = await announce(line, b"250 a\r\n", rcpt_s=0.01)
    assert reply == Reply(Phase.RCPT, 0, "no answer within 0.01 s")
    assert wire.closing


async def test_no_command_can_hold_a_second_one() -> None:
    """A line end in a command is a bug of ours, and never reaches the server."""
    line, wire = connected()
    with pytest.raises(ValueError, match="control character"):
        await line.ask(Phase.MAIL, b"NOOP\r\nQUIT", 1.0)
    line.takes_two = True
    with pytest.raises(ValueError, match="control character"):
        await line.announce(b"MAIL", b"RCPT\r\nDATA", Limits())
    assert wire.written == b""
