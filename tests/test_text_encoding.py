"""The laws of finding out in which encoding a file is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.mistakes import ConfigError
from outreachd.text_encoding import UTF8, as_utf8, check_encoding

PATH = Path("x.csv")


def refusal(content: bytes, named: str | None = None, option: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        check_encoding(PATH, io.BytesIO(content), named, option=option)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", UTF8),
        (b"email\n", UTF8),
        ("\ufeffemail\nÿ".encode(), UTF8),
        (b"email\na\0b@x.example\n", UTF8),
        ("email\nÿ".encode("utf-16"), "utf-16"),
        ("\ufeffemail".encode("utf-16-be"), "utf-16"),
        ("email,name\na,Жюль".encode("utf-16-le"), "utf-16-le"),
        ("email,name\na,Жюль".encode("utf-16-be"), "utf-16-be"),
        ("email\nÿ".encode("utf-32"), "utf-32"),
    ],
)
def test_unicode_is_seen(content: bytes, encoding: str) -> None:
    """By a BOM or by where the zeros stand; a stray zero makes no UTF-16."""
    file = io.BytesIO(content)
    assert check_encoding(PATH, file) == encoding
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "a\nb\nЖюль\n".encode("cp1251"),
            "x.csv:3: is not UTF-8 (it looks like cp1251)",
        ),
        (
            "a\nдля Ильи\n".encode("koi8-r"),
            "x.csv:2: is not UTF-8 (it looks like koi8-r)",
        ),
        (
            "a\nb\nc\nJürgen\n".encode("cp1252"),
            "x.csv:4: is not UTF-8 (it looks like cp1252)",
        ),
        (b"a\n" * 900_000 + b"\xff", "x.csv:900001: is not UTF-8"),
        (b"a\n" + "é".encode()[:1], "x.csv:2: is not UTF-8"),
        (b"\xff\xfea\0\n\0b", "x.csv:2: is not UTF-16"),
    ],
)
def test_another_encoding_is_refused_by_name(content: bytes, said: str) -> None:
    """Fault 75: nothing goes in of a file in another encoding; its line is told."""
    found = refusal(content)
    assert found.startswith(said)
    assert found.endswith("save it as UTF-8 and try again")


def test_the_way_out_is_named_where_there_is_one() -> None:
    """Who cannot save the file anew can say what it is."""
    found = refusal("Жюль".encode("cp1251"), option="--encoding")
    assert found.endswith(", or add --encoding cp1251 if that is what it is")


@pytest.mark.parametrize(
    ("named", "encoding"),
    [("CP1251", "cp1251"), ("windows-1251", "cp1251"), ("UTF-8-SIG", UTF8)],
)
def test_what_somebody_names_is_believed(named: str, encoding: str) -> None:
    """Under any of its names."""
    assert check_encoding(PATH, io.BytesIO(b"a"), named) == encoding


@pytest.mark.parametrize(
    "named", ["nonsense", "rot13", "base64", "punycode", "undefined", "a\0b", "x" * 99]
)
def test_what_is_no_encoding_of_text_is_refused(named: str) -> None:
    """With those that people need."""
    told = refusal(b"a", named)
    assert told.startswith('x.csv: the encoding "')
    assert "is not known: say utf-8, utf-16, cp1251" in told


def test_a_file_that_is_not_what_it_was_named_is_refused() -> None:
    """Somebody may be wrong."""
    assert refusal(b"a\n\x98", "cp1251").startswith("x.csv:2: is not cp1251")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04", "a workbook (.xlsx) or a zip"),
        (b"\xd0\xcf\x11\xe0", "an old workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08", "compressed"),
    ],
)
def test_what_is_no_text_is_called_by_its_name(start: bytes, said: str) -> None:
    """A workbook renamed to .csv is the usual case."""
    found = refusal(start + b"\0" * 100)
    assert said in found
    assert "save it as CSV UTF-8" in found


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.sampled_from(["utf-16", "utf-16-le", "utf-32", "gb18030", "utf-8"]),
)
def test_recoded_text_is_the_same_text(text: str, encoding: str) -> None:
    """However it is read: whole, or a byte at a time."""
    whole = as_utf8(io.BytesIO(text.encode(encoding)), encoding)
    assert whole.read() == text.encode()
    piecemeal = as_utf8(io.BytesIO(text.encode(encoding)), encoding)
    assert b"".join(iter(lambda: piecemeal.read(1), b"")) == text.encode()


def test_a_character_across_two_reads_is_fine() -> None:
    """The check reads in pieces; a piece may end inside a character."""
    text = "a\n" + "x" * 4093 + "é" * 3 + "\n"
    assert check_encoding(PATH, io.BytesIO(text.encode())) == UTF8
