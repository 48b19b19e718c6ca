"""The laws of a Maildir that others fill."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outreachd.wire.maildir import MAX_MAIL, Maildir


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make an empty Maildir."""
    for room in ("tmp", "new", "cur"):
        (tmp_path / room).mkdir()
    return tmp_path


def test_a_mail_is_read_and_then_put_away_unseen(place: Path) -> None:
    """It stays in new/ until it was acted on, and nothing marks it as read."""
    (place / "new" / "1.a.host").write_bytes(b"mail")
    box = Maildir(place)
    assert box.waiting(5) == ["1.a.host"]
    assert box.read("1.a.host") == b"mail"
    assert box.waiting(5) == ["1.a.host"]
    box.put_away("1.a.host")
    assert box.waiting(5) == []
    assert (place / "cur" / "1.a.host:2,").read_bytes() == b"mail"


def test_the_oldest_come_first_and_hidden_files_never(place: Path) -> None:
    """Names begin with their time."""
    for name in ("3.c", "1.a", "2.b", ".lock"):
        (place / "new" / name).write_bytes(b"")
    assert Maildir(place).waiting(2) == ["1.a", "2.b"]


def test_only_the_beginning_of_a_large_mail_is_read(place: Path) -> None:
    """A mail of any size costs the same."""
    (place / "new" / "1").write_bytes(b"x" * (MAX_MAIL + 10))
    assert Maildir(place).read("1") == b"x" * MAX_MAIL


def test_what_is_no_plain_file_is_no_mail(place: Path) -> None:
    """A link could show any file of this machine; a pipe would hold us up."""
    (place / "new" / "link").symlink_to("/etc/passwd")
    os.mkfifo(place / "new" / "pipe")
    (place / "new" / "folder").mkdir()
    box = Maildir(place)
    assert [box.read(name) for name in ("link", "pipe", "folder", "gone")] == [None] * 4
    for name in box.waiting(9):
        box.put_away(name)
    assert box.waiting(9) == []


def test_a_maildir_that_is_none_is_an_error_and_a_mail_that_is_gone_is_not(
    place: Path,
) -> None:
    """Another reader may have been faster; a missing cur/ must be said."""
    box = Maildir(place)
    box.put_away("gone")
    (place / "cur").rmdir()
    with pytest.raises(FileNotFoundError):
        box.put_away("gone")
    (place / "new").rmdir()
    with pytest.raises(FileNotFoundError):
        box.waiting(1)
