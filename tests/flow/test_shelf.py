"""The laws of the shelf: read once, encoded once, never more than there is room for."""

from __future__ import annotations

import hashlib

import pytest

from outreachd.flow.shelf import Shelf
from outreachd.rules.attachment import attachment
from outreachd.rules.model import Attachment
from outreachd.rules.records import LedgerAwayError, OneOff
from tests.fake_contents import FakeContents

LETTER = OneOff(subject="s", text="t", html=None, variables={})


def kept(contents: FakeContents, name: str, size: int = 100) -> Attachment:
    """Keep a file and describe it."""
    content = b"%PDF-" + name.encode() * size
    contents.files[hashlib.sha256(content).digest()] = content
    return attachment(f"{name}.pdf", content)


async def test_a_file_is_read_and_encoded_once() -> None:
    """Every later letter finds it ready."""
    contents = FakeContents()
    shelf = Shelf(contents)
    offer = kept(contents, "offer")
    assert shelf.parts([offer]) is None
    await shelf.fetch([offer])
    await shelf.fetch([offer])
    parts = shelf.parts([offer])
    assert parts is not None
    assert parts[0].startswith(b"Content-Type: application/pdf\r\n")
    assert shelf.parts([offer, offer]) == (parts[0], parts[0])
    assert contents.read == [offer.sha256]


async def test_what_the_database_lacks_is_told() -> None:
    """A letter without its file is no letter."""
    shelf = Shelf(FakeContents())
    gone = kept(FakeContents(), "gone")
    await shelf.fetch([gone])
    assert shelf.parts([gone]) is None
    assert await shelf.fetch_one_off(7) is None


async def test_old_files_give_way_to_new_ones() -> None:
    """What was used longest ago goes; what the letter at hand needs never does."""
    contents = FakeContents()
    shelf = Shelf(contents, max_octets=700)
    files = [kept(contents, name) for name in "abcd"]
    for one in files[:2]:
        await shelf.fetch([one])
    await shelf.fetch(files[:1])
    for one in files[2:]:
        await shelf.fetch([one])
    assert shelf.parts(files[3:]) is not None
    assert shelf.parts(files[1:2]) is None
    await shelf.fetch(files)
    assert shelf.parts(files) is not None


async def test_one_off_letters_are_kept_too() -> None:
    """Read once for all attempts."""
    contents = FakeContents()
    contents.letters[3] = LETTER
    shelf = Shelf(contents)
    assert shelf.one_off(3) is None
    assert await shelf.fetch_one_off(3) == LETTER
    assert await shelf.fetch_one_off(3) == LETTER
    assert shelf.one_off(3) == LETTER
    assert contents.read == [3]


async def test_a_database_that_is_away_is_told() -> None:
    """The caller gives the send back."""
    contents = FakeContents()
    contents.is_away = True
    with pytest.raises(LedgerAwayError):
        await Shelf(contents).fetch_one_off(1)
