"""The laws of the server's log."""

import asyncio
import os
from pathlib import Path

import pytest

from outreachd.demo.book import Book, read
from outreachd.demo.dialogue import Letter
from outreachd.demo.referee import Accepted

CONTENT = (
    b"From: Ann Lee\r\n <ann@a.example>\r\n"
    b"to: bob@b.example\r\nSubject: hello\r\n from: nobody\r\n"
    b"MESSAGE-ID: <1@a.example>\r\nIn-Reply-To:\t<0@a.example>\r\n"
    b"\r\nTo: not a header\r\n"
)


def letter(*recipients: str, content: bytes = CONTENT) -> Letter:
    """Make a letter as the dialogue hands it over."""
    return Letter("ann@a.example", recipients or ("bob@b.example",), content)


async def enter(book: Book, *letters: Letter) -> list[int]:
    """Enter letters in one pass of the loop; tell the log's size at each answer."""
    path, answers = Path(book._file.name), asyncio.Queue[int]()
    for one in letters:
        book.enter("relay", one, lambda: answers.put_nowait(path.stat().st_size))
    return [await answers.get() for _ in letters]


@pytest.mark.parametrize("fsync", [False, True])
async def test_a_letter_is_in_the_log_before_it_is_answered(
    tmp_path: Path, fsync: bool
) -> None:
    """When ``done`` is called the line can be read by anybody."""
    book = Book(tmp_path / "log", lambda: 5.0, fsync=fsync)
    sizes = await enter(book, letter(), letter())
    book.close()

    size = (tmp_path / "log").stat().st_size
    assert sizes == [size, size], "both were written in one go, then answered"


async def test_letters_of_one_moment_share_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fsync every answer has a sync before it, and a burst has one in all."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    book = Book(tmp_path / "log", lambda: 5.0, fsync=True)
    await enter(book, *[letter()] * 20)
    await enter(book, letter())
    book.close()
    assert len(synced) == 2


async def test_what_was_entered_is_read_back(tmp_path: Path) -> None:
    """One line a letter, one `Accepted` a recipient, in order; appended for ever."""
    for at in (5.0, 6.0):
        book = Book(tmp_path / "log", lambda at=at: at)  # type: ignore[misc]
        await enter(book, letter("bob@b.example", "eve@e.example"))
        book.close()

    assert list(read(tmp_path / "log")) == [
        Accepted(at, "ann@a.example", recipient, "<1@a.example>", "relay")
        for at in (5.0, 6.0)
        for recipient in ("bob@b.example", "eve@e.example")
    ]


async def test_the_headers_are_read_as_the_letter_has_them(tmp_path: Path) -> None:
    """Any case, folded or not; a folded subject or the body is no header."""
    book = Book(tmp_path / "log", lambda: 5.0)
    await enter(book, letter())
    book.close()
    line = (tmp_path / "log").read_text()
    assert '"from":"Ann Lee <ann@a.example>"' in line
    assert '"to":"bob@b.example"' in line
    assert '"in_reply_to":"<0@a.example>"' in line


async def test_a_letter_without_headers_or_sense_is_logged_all_the_same(
    tmp_path: Path,
) -> None:
    """Whatever bytes were accepted, the log says that they were."""
    book = Book(tmp_path / "log", lambda: 5.0)
    odd = [b"", b"\xff\xfe", b"From: \xff\r\n\r\n", b"Message-ID:\r\n\r\nx", b"\x00"]
    await enter(book, *[letter(content=content) for content in odd])
    book.close()
    assert len(list(read(tmp_path / "log"))) == len(odd)


async def test_a_torn_last_line_is_no_letter(tmp_path: Path) -> None:
    """A server killed while writing had not answered yet."""
    book = Book(tmp_path / "log", lambda: 5.0)
    await enter(book, letter())
    book.close()
    with (tmp_path / "log").open("ab") as file:
        file.write(b'{"at":5.0,"acc')
    assert len(list(read(tmp_path / "log"))) == 1
