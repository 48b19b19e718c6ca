"""The laws of reading a log that grows."""

from pathlib import Path

import msgspec
import pytest

from outreachd.demo.book import Line
from outreachd.demo.tail import Tail

LINE = Line(
    at=1.0,
    account="relay",
    sender="ann@a.example",
    recipients=("bob@b.example",),
    message_id="<1@a.example>",
    in_reply_to="",
    from_="",
    to="",
)


def test_each_letter_is_read_once_whenever_it_comes(tmp_path: Path) -> None:
    """Cut anywhere, a line is one letter, as soon as it is whole."""
    text = b"".join(
        msgspec.json.encode(msgspec.structs.replace(LINE, at=float(i))) + b"\n"
        for i in range(5)
    )
    log, read = tmp_path / "log", list[Line]()
    with log.open("wb", buffering=0) as file, Tail(log) as tail:
        for start in range(0, len(text), 7):
            file.write(text[start : start + 7])
            read += tail.new()
        assert tail.new() == []
    assert [line.at for line in read] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_log_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A wrong path is a mistake of ours, not an empty day."""
    with pytest.raises(FileNotFoundError):
        Tail(tmp_path / "none")
