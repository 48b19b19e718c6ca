"""The laws of turning octets into text: something always comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.notice_text import decoded, from_html, header_text, transferred

CHARSETS = ["", "utf-8", "us-ascii", "KOI8-R", "windows-1251", "iso-2022-jp", "utf-16",
            "idna", "punycode", "zip_codec", "undefined", "nonsense", "hz"]  # fmt: skip
ENCODINGS = ["", "7bit", "base64", "quoted-printable", "x-uuencode", "BASE64 ", "zip"]


@given(st.binary(max_size=300), st.sampled_from(CHARSETS), st.sampled_from(ENCODINGS))
def test_any_octets_become_text(octets: bytes, charset: str, encoding: str) -> None:
    """Unknown charsets, codecs that are none, broken encodings: no exception."""
    text = decoded(transferred(octets, encoding), charset)
    text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Привет", "koi8-r"),
        ("Привет", "Windows-1251"),
        ("日本語", "iso-2022-jp"),
        ("日本語", "x-sjis"),
        ("grün", "ISO-8859-1"),
        ("grün", "us-ascii"),  # a lie: it is UTF-8
    ],
)
def test_charsets_are_read(text: str, charset: str) -> None:
    """The named charset, also by its other names; a lie is seen through."""
    python = {"x-sjis": "shift_jis", "us-ascii": "utf-8"}.get(charset.lower(), charset)
    assert decoded(text.encode(python), charset) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?B?0J/RgNC40LLQtdGC?=", "Привет"),
        ("=?UTF-8?q?a_b=20c?= d", "a b c d"),
        ("=?utf-8?Q?one?= =?utf-8?Q?two?=", "onetwo"),
        ("=?utf-8?Q?one?= two =?utf-8?Q?three?=", "one two three"),
        ("=?nonsense?q?abc?=", "abc"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("a\r\n\tb", "a b"),
    ],
)
def test_encoded_words_are_read(raw: str, text: str) -> None:
    """RFC 2047, with the white space between two words left out."""
    assert header_text(raw) == text


@given(st.text(max_size=300))
def test_no_header_raises(raw: str) -> None:
    """Whatever stands in a header, one line of text comes out."""
    assert "\n" not in header_text(raw)


def test_a_page_leaves_its_words() -> None:
    """Blocks become lines, scripts and styles nothing, quotations are marked."""
    page = (
        "<html><head><title>t</title></head><style>p {}</style><script>x()</script>"
        "<p>One &amp; two</p><div>three<br>four</div><!-- no -->"
        "<blockquote>quoted</blockquote>"
    )
    assert from_html(page).split("\n")[:4] == ["One & two", "", "three", "four"]
    assert ">" in from_html(page)
    assert "x()" not in from_html(page)
