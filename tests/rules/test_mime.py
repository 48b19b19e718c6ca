"""The laws of letter bytes: what is read back is what was meant, and nothing more.

The standard library's parser is the judge: it was not used for writing.
"""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outreachd.rules import mime
from outreachd.rules.mime import UnsafeHeaderError

# What a person may type in one line: no controls, separators or surrogates.
ONE_LINE = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=300
).filter(lambda text: not re.search(r"=\?[^?]*\?[bq]\?", text, re.IGNORECASE))
# Bodies may have line breaks; other controls are refused before they come here.
BODY = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t"),
    max_size=2_500,
)
PAYLOADS = [
    "Hi\r\nBcc: victim@example.org",
    "Hi\nBcc: victim@example.org",
    "Hi\rBcc: victim@example.org",
    "Hi\0there",
    "Hi\x0bBcc: v",
    "Hi\x85Bcc: v",
    "Hi\u2028Bcc: v",
    "Hi\u2029Bcc: v",
    "Hi\x7fthere",
    "Hi\ud800there",
    "=?UTF-8?Q?=0ABcc=3A_victim@example.org?=",
    "=?utf-8?q?Hi=0D=0ABcc:_v?=",
    "=?UTF-8?B?SGkKQmNjOiB2?=",
    "Hi =?utf-7?Q?+AAo-Bcc:?= you",
]


def parsed(raw: bytes) -> EmailMessage:
    """Read a message as a careful receiver would."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def assert_lines_are_clean(raw: bytes) -> None:
    """S3: ASCII lines of at most 998 octets, ended by CRLF and by nothing else."""
    lines = raw.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert raw.isascii()


@settings(deadline=None)
@given(ONE_LINE)
@example("word " * 60)
@example("x" * 400)
@example("a  b" * 60)
@example("=?not an encoded word")
@example("Привет, Анна! 👩‍👩‍👧‍👦 " * 9)
@example("שלום עולם " * 20)
def test_a_subject_is_read_as_it_was_meant(text: str) -> None:
    """Any line of text survives folding and encoding, and stays one header."""
    text = mime.checked_value("the subject", text)
    raw = b"Subject: " + mime.header_text(text) + b"\r\n\r\n"
    assert_lines_are_clean(raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    message = parsed(raw)
    assert message.keys() == ["Subject"]
    assert message["Subject"] == text


@settings(deadline=None)
@given(ONE_LINE)
@example('Ann "the" Lee, \\ <x@y>')
@example("Анна Ли")
@example("a" * 300)
@example("Lee, Ann; (Sales)")
def test_a_sender_is_read_as_it_was_meant(name: str) -> None:
    """A name is a name, whatever signs of an address list it holds."""
    name = mime.checked_value("the name", name)
    raw = b"From: " + mime.sender(name, "ann@acme.example") + b"\r\n\r\n"
    assert_lines_are_clean(raw)
    message = parsed(raw)
    assert message.keys() == ["From"]
    [sender] = message["From"].addresses
    assert sender.addr_spec == "ann@acme.example"
    # The parser leaves blanks between encoded words of a name, against RFC 2047
    # section 6.2; the library's older decoder does not.
    if raw.count(b"=?utf-8?b?") < 2:
        assert sender.display_name == name
    else:
        shown = raw.removeprefix(b"From: ").partition(b"<")[0].decode().rstrip()
        assert str(make_header(decode_header(shown))) == name


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_could_become_a_header_is_refused(payload: str) -> None:
    """S1: line breaks of every script, controls, and encoded words that hide them."""
    with pytest.raises(UnsafeHeaderError, match=r"^the subject contains"):
        mime.checked_value("the subject", payload)
    with pytest.raises(UnsafeHeaderError, match=r"^the sender's name contains"):
        mime.sender(payload, "ann@acme.example")


@settings(deadline=None)
@given(BODY)
@example(".\n..\n.hidden\n.")
@example("x" * 5_000)
@example("trailing blanks  \t\nand \n")
@example("From here\nFrom there\n=20 = =?utf-8?q?a?=")
@example("Здравствуйте!\n" * 50)
@example("שלום 👋\n" * 50)
def test_a_body_is_read_as_it_was_meant(text: str) -> None:
    """Dots, long lines, blanks at line ends and every script survive."""
    raw = b"MIME-Version: 1.0\r\n" + mime.text_part("plain", text)
    assert_lines_are_clean(raw)
    message = parsed(raw)
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") in {text, text + "\n"}
    assert b"\r\n.\r\n" not in raw


def test_line_ends_of_every_kind_become_line_ends() -> None:
    """S3: a bare CR or LF from a template or a contact leaves as CRLF."""
    raw = mime.text_part("plain", "a\r\nb\rc\nd")
    assert raw.partition(b"\r\n\r\n")[2] == b"a\r\nb\r\nc\r\nd"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello", b"7bit"),
        ("Hello" * 200, b"quoted-printable"),
        ("Hello\0", b"quoted-printable"),
        ("Schöne Grüße aus Köln und bis bald", b"quoted-printable"),
        ("Здравствуйте, Анна", b"base64"),
    ],
)
def test_the_shorter_encoding_is_chosen(text: str, encoding: bytes) -> None:
    """Latin text stays readable in the raw letter, other scripts do not triple."""
    assert b"Content-Transfer-Encoding: " + encoding in mime.text_part("plain", text)


@settings(deadline=None)
@given(BODY, BODY)
def test_alternatives_are_read_as_two_parts(text: str, html: str) -> None:
    """Text first, HTML last, whatever boundaries their text imitates."""
    parts = (mime.text_part("plain", text), mime.text_part("html", html))
    body = mime.alternative(parts, "<1@acme.example>")
    raw = b"MIME-Version: 1.0\r\n" + body
    assert_lines_are_clean(raw)
    message = parsed(raw)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    found = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
    assert [one.rstrip("\n") for one in found] == [t.rstrip("\n") for t in (text, html)]
    assert body == mime.alternative(parts, "<1@acme.example>")
    assert body != mime.alternative(parts, "<2@acme.example>")


@settings(deadline=None)
@given(st.datetimes(datetime(1971, 1, 2), datetime(2199, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001
def test_a_date_is_read_as_the_same_instant(at: datetime, offset: int) -> None:
    """Dates are in UTC and in English, wherever and in whatever locale we run."""
    at = at.replace(microsecond=0, tzinfo=timezone(timedelta(hours=offset)))
    message = parsed(b"Date: " + mime.date(at) + b"\r\n\r\n")
    assert message["Date"].datetime == at
    assert message["Date"].datetime.utcoffset() == UTC.utcoffset(None)


@settings(deadline=None)
@given(
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1
    ).map(lambda name: name[:116].strip() or "x"),  # readers drop blanks around it
    st.binary(max_size=500),
)
@example("offer", b"x")
@example('a "quoted" \\ name', b"")
@example("100%25 off; x=y", b"\0\r\n.\r\n")
@example("Прайс-лист на 2026 год, очень длинное название файла", b"x" * 300)
@example("x" * 116, b"")
@example("日本語" * 30, b"")
def test_a_file_is_read_as_it_was_attached(stem: str, content: bytes) -> None:
    """Any name and any octets survive; RFC 2231: no line is too long."""
    name = f"{stem}.pdf"
    part = mime.attachment_part(name, "application/pdf", content)
    text = mime.text_part("plain", "Hello")
    raw = b"MIME-Version: 1.0\r\n" + mime.mixed((text, part), "<a@b.example>")
    assert_lines_are_clean(raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    message = parsed(raw)
    body, file = message.iter_parts()
    assert isinstance(body, EmailMessage)
    assert isinstance(file, EmailMessage)
    assert body.get_content() == "Hello"
    assert file.get_filename() == name
    assert file.get_content() == content
    assert file.get_content_disposition() == "attachment"
