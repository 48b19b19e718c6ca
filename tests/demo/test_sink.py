"""The laws of the SMTP server process."""

import json
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.demo.book import read
from outreachd.demo.clockfile import ClockFile
from outreachd.demo.sink import Greylist

LETTER = b"From: ann@a.example\r\nMessage-ID: <1@a.example>\r\n\r\nhello\r\n.\r\n"
Sink = subprocess.Popen[bytes]


@contextmanager
def sink(log: Path, *options: str) -> Iterator[tuple[Sink, list[int]]]:
    """Run a server; tell its process and ports."""
    command = [sys.executable, "-m", "outreachd.demo.sink", "--log", str(log), *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        assert told["port"] == told["ports"][0]
        yield process, told["ports"]
        process.communicate(timeout=90)
        assert process.returncode == 0


def send(port: int, recipient: str = "bob@b.example") -> None:
    """Hand over one letter as an ordinary client does."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("ann@a.example", recipient, LETTER, ["BODY=8BITMIME"])


@pytest.mark.parametrize("options", [[], ["--fsync"]])
def test_a_letter_answered_is_in_the_log(tmp_path: Path, options: list[str]) -> None:
    """At the moment of the 250 another process reads the line."""
    with sink(tmp_path / "log", *options) as (_, [port]):
        send(port)
        (entry,) = read(tmp_path / "log")
    assert (entry.mailbox, entry.recipient) == ("ann@a.example", "bob@b.example")
    assert (entry.message_id, entry.account) == ("<1@a.example>", str(port))


def test_each_port_is_an_account_of_its_own(tmp_path: Path) -> None:
    """Letters of two relays can be told apart, by number or by name."""
    with sink(tmp_path / "log", "--ports", "2") as (_, ports):
        for port in ports:
            send(port)
    with sink(tmp_path / "log", "--account", "one", "--account", "two") as (_, named):
        for port in named:
            send(port)
    accounts = [entry.account for entry in read(tmp_path / "log")]
    assert accounts == [*map(str, ports), "one", "two"]


def test_letters_are_dated_by_the_virtual_clock(tmp_path: Path) -> None:
    """What the demo's clock shows at that moment is what the log says."""
    clock = ClockFile.create(tmp_path / "clock", 1000.0)
    with sink(tmp_path / "log", "--clock", str(tmp_path / "clock")) as (_, [port]):
        send(port)
        clock.tell(90_000.5)
        send(port)
    clock.close()
    assert [entry.at for entry in read(tmp_path / "log")] == [1000.0, 90_000.5]


def test_a_greylisted_recipient_is_taken_the_second_time(tmp_path: Path) -> None:
    """The first RCPT is told to come back, in the words of RFC 3463."""
    with sink(tmp_path / "log", "--greylist", "1") as (_, [port]):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(port)
        send(port)
    (reply,) = refused.value.recipients.values()
    assert reply == (451, b"4.7.1 come back later")
    assert len(list(read(tmp_path / "log"))) == 1


def test_a_slow_server_answers_the_dot_late(tmp_path: Path) -> None:
    """The letter is in the log all the same, and once."""
    clock = RealClock()
    with sink(tmp_path / "log", "--slow-ms", "60") as (_, [port]):
        began = clock.monotonic()
        send(port)
        assert clock.monotonic() - began >= 0.06
    assert len(list(read(tmp_path / "log"))) == 1


def test_the_server_dies_with_its_parent(tmp_path: Path) -> None:
    """The end of its input ends it, also with a client connected."""
    with sink(tmp_path / "log") as (process, [port]):
        client = smtplib.SMTP("127.0.0.1", port)
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=90) == 0
        client.close()
        process.stdin = None  # closed already: nothing left to flush


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_greylisted_share_is_chosen_by_address_alone(share: float) -> None:
    """Two servers refuse the same people, about as many as asked, once each."""
    people = [f"p{i}@b.example" for i in range(2000)]
    one, other = Greylist(share), Greylist(share)
    refused = [p for p in people if one.refusal(p)]

    assert refused == [p for p in reversed(people) if other.refusal(p.upper())][::-1]
    assert len(refused) / len(people) == pytest.approx(share, abs=0.05)
    assert not any(one.refusal(p) for p in people)
