"""The laws of the server's side of an SMTP connection."""

import asyncio
from collections.abc import Callable, Iterable
from random import Random

import pytest

from outreachd.demo.dialogue import MAX_LETTER, MAX_LINE, Dialogue, Letter

HELLO = b"EHLO me\r\n"
ENVELOPE = (
    b"MAIL FROM:<ann@a.example> SIZE=20 BODY=8BITMIME\r\nRCPT TO:<b@b.example>\r\n"
)
BODY = b"Subject: x\r\n\r\nhello\r\n..\r\n"


class Wire(asyncio.Transport):
    """Keeps what the server writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it; nothing may be written after the end."""
        assert not self.closed
        self.written += bytes(data)

    def close(self) -> None:
        """Remember the end."""
        self.closed = True


class Desk:
    """Remembers letters; answers at once, or when the test says so."""

    def __init__(self, *, patient: bool = False) -> None:
        self.letters: list[Letter] = []
        self.patient = patient
        self.waiting: list[Callable[[], object]] = []

    def refusal(self, recipient: str) -> bytes | None:
        """Refuse whoever is called no."""
        return b"550 5.1.1 no\r\n" if recipient.startswith("no") else None

    def accept(self, letter: Letter, done: Callable[[], object]) -> None:
        """Remember the letter."""
        self.letters.append(letter)
        if self.patient:
            self.waiting.append(done)
        else:
            done()


def talk(desk: Desk, *chunks: bytes) -> tuple[Dialogue, Wire]:
    """Connect, send chunks, and forget the greeting."""
    wire, dialogue = Wire(), Dialogue(desk)
    dialogue.connection_made(wire)
    assert wire.written.startswith(b"220 ")
    wire.written = b""
    for chunk in chunks:
        dialogue.data_received(chunk)
    return dialogue, wire


def codes(wire: Wire) -> list[int]:
    """List the codes of final reply lines."""
    lines = wire.written.split(b"\r\n")[:-1]
    return [int(line[:3]) for line in lines if line[3:4] != b"-"]


def cuts(data: bytes, dice: Random) -> Iterable[bytes]:
    """Cut a stream as networks do."""
    at = 0
    while at < len(data):
        n = dice.choice([1, 2, 3, 10, 100])
        yield data[at : at + n]
        at += n


def test_a_letter_in_one_breath_is_taken_and_answered_in_order() -> None:
    """Everything pipelined in one packet gets one reply for each command."""
    desk = Desk()
    _, wire = talk(desk, HELLO + ENVELOPE + b"DATA\r\n" + BODY + b".\r\nQUIT\r\n")

    assert codes(wire) == [250, 250, 250, 354, 250, 221]
    assert wire.closed
    sender, recipients = "ann@a.example", ("b@b.example",)
    assert desk.letters == [Letter(sender, recipients, BODY[:-2])]


@pytest.mark.parametrize("seed", range(20))
def test_however_the_stream_is_cut_the_letters_are_the_same(seed: int) -> None:
    """Commands, dots and line ends may fall apart at any byte."""
    desk, dice = Desk(), Random(seed)
    stream = HELLO + (ENVELOPE + b"DATA\r\n" + BODY + b".\r\n") * 3 + b"QUIT\r\n"
    _, wire = talk(desk, *cuts(stream, dice))

    assert codes(wire) == [250] + [250, 250, 354, 250] * 3 + [221]
    assert [letter.content for letter in desk.letters] == [BODY[:-2]] * 3


def test_nothing_is_answered_before_the_letter_is_written_down() -> None:
    """What follows a letter waits in line behind its 250."""
    desk = Desk(patient=True)
    _, wire = talk(desk, HELLO, ENVELOPE, b"DATA\r\n", BODY + b".\r\nNOOP\r\nBAD\r\n")
    assert codes(wire) == [250, 250, 250, 354]

    desk.waiting.pop()()
    assert codes(wire)[4:] == [250, 250, 500]


def test_a_peer_that_hung_up_is_not_answered() -> None:
    """The letter stays taken; the answer has nowhere to go."""
    desk = Desk(patient=True)
    dialogue, wire = talk(desk, HELLO, ENVELOPE, b"DATA\r\n", BODY + b".\r\n")
    before = wire.written
    dialogue.connection_lost(None)
    desk.waiting.pop()()

    assert wire.written == before
    assert len(desk.letters) == 1


def test_a_connection_lost_in_data_leaves_no_letter() -> None:
    """A letter without its final dot was never handed over."""
    desk = Desk()
    dialogue, _ = talk(desk, HELLO, ENVELOPE, b"DATA\r\n", BODY)
    dialogue.connection_lost(None)
    assert desk.letters == []


@pytest.mark.parametrize("fake", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"])
def test_only_a_proper_dot_ends_a_letter(fake: bytes) -> None:
    """A second letter smuggled behind a sloppy dot stays content of the first."""
    desk = Desk()
    smuggled = b"one" + fake + ENVELOPE + b"DATA\r\ntwo\r\n.\r\n"
    talk(desk, HELLO, ENVELOPE, b"DATA\r\n", smuggled)
    assert len(desk.letters) == 1


def test_an_empty_letter_is_a_letter() -> None:
    """The dot right after DATA ends it."""
    desk = Desk()
    talk(desk, HELLO, ENVELOPE, b"DATA\r\n", b".\r", b"\n")
    assert [letter.content for letter in desk.letters] == [b""]


def test_a_refused_recipient_gets_nothing() -> None:
    """With no recipient left DATA is refused; with one left it goes to that one."""
    desk = Desk()
    _, wire = talk(desk, HELLO, b"MAIL FROM:<>\r\nRCPT TO:<no@b.example>\r\nDATA\r\n")
    assert codes(wire) == [250, 250, 550, 503]
    _, wire = talk(
        desk, HELLO, b"MAIL FROM:<>\r\nRCPT TO:<no@b.example>\r\nRCPT TO:<b@b.example>"
    )
    assert codes(wire) == [250, 250, 550]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"RCPT TO:<b@b.example>", 503),
        (b"DATA", 503),
        (b"MAIL ann", 501),
        (b"MAIL FROM:<a@a.example> SIZE=%d" % (MAX_LETTER + 1), 552),
        (b"MAIL FROM:<a@a.example>\r\nMAIL FROM:<a@a.example>", 503),
        (b"MAIL FROM:<a@a.example>\r\nRCPT b", 501),
        (b"MAIL FROM:<a@a.example>\r\nRSET\r\nRCPT TO:<b@b.example>", 503),
        (b"VRFY ann", 500),
        (b"", 500),
    ],
)
def test_commands_out_of_order_or_unknown_are_refused(line: bytes, code: int) -> None:
    """A client's mistake is told, not guessed around."""
    _, wire = talk(Desk(), HELLO + line + b"\r\n")
    assert codes(wire)[-1] == code


def test_mail_needs_a_greeting() -> None:
    """HELO is enough, nothing is not."""
    _, wire = talk(Desk(), ENVELOPE)
    assert codes(wire) == [503, 503]
    _, wire = talk(Desk(), b"HELO me\r\n" + ENVELOPE)
    assert codes(wire) == [250, 250, 250]


def test_ehlo_offers_what_is_kept() -> None:
    """PIPELINING, 8BITMIME and the size limit are on the list."""
    _, wire = talk(Desk(), HELLO)
    for word in (b"PIPELINING", b"8BITMIME", b"SIZE %d" % MAX_LETTER):
        assert word in wire.written


def test_a_peer_that_floods_is_hung_up_on() -> None:
    """Neither an endless line nor an endless letter fills the memory."""
    _, wire = talk(Desk(), b"x" * (MAX_LINE + 1))
    assert codes(wire) == [421]
    assert wire.closed
    chunk = b"x" * (MAX_LETTER + MAX_LINE + 1)
    _, wire = talk(Desk(), HELLO, ENVELOPE, b"DATA\r\n", chunk)
    assert codes(wire)[-1] == 421
    assert wire.closed
