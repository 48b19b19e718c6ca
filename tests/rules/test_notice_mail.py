"""The laws of taking a mail apart: broken MIME is read, hostile MIME is cheap."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from outreachd.rules.notice import understand
from outreachd.rules.notice_mail import MAX_FIELDS, MAX_PARTS, Headers, open_mail, split
from tests.rules.mails import NOW, multipart, nasty

SLOWEST_S = 5.0  # for 10 MB, on a machine that others use too


@pytest.mark.parametrize("name", nasty())
def test_hostile_mail_costs_little(name: str) -> None:
    """10 MB, 100 000 parts, 3000 levels, charset bombs: read in seconds, no harm."""
    raw = nasty()[name]()
    begun = time.perf_counter()
    notice = understand(raw, now=NOW)
    assert time.perf_counter() - begun < SLOWEST_S
    assert len(notice.about) <= 100


def test_memory_stays_flat() -> None:
    """A mail costs a few times its size, however often one comes."""
    raw = nasty()["daemon: a hundred thousand parts"]() + b"x" * (8 << 20)
    tracemalloc.start()
    try:
        for _ in range(3):
            understand(raw, now=NOW)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * len(raw)


def test_headers_are_read_as_people_write_them() -> None:
    """Folded, repeated, in any case, encoded, with raw octets of some charset."""
    block = (
        b"SUBJECT: =?utf-8?B?0J/RgNC40LLQtdGC?=\r\n =?utf-8?Q?_world?=\r\n"
        b"To: a@x.example,\r\n\tb@x.example\r\nTo: c@x.example\r\n"
        b"X-Raw: \xcf\xf0\xe8\r\nnot a header\r\n"
    )
    headers = Headers(block)
    assert headers.get("subject") == "Привет world"
    assert headers.all("to") == ["a@x.example, b@x.example", "c@x.example"]
    assert headers.get("x-raw")
    assert headers.get("missing") == ""
    assert list(headers) == ["subject", "to", "x-raw"]


def test_no_more_headers_are_kept_than_anybody_writes() -> None:
    """What is beyond the limit is not looked at."""
    assert len(list(Headers(b"".join(b"X-%d: a\n" % i for i in range(2000))))) == (
        MAX_FIELDS
    )


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_headers_end_at_the_first_empty_line(end: bytes) -> None:
    """Whatever the line ends; without an empty line there is no body."""
    headers, body = split(end.join([b"A: b", b"", b"text", b"", b"more"]))
    assert headers.get("a") == "b"
    assert body == end.join([b"text", b"", b"more"])
    assert split(b"A: b")[1] == b""
    assert split(end + b"text")[1] == b"text"


def test_what_is_enclosed_is_returned_and_not_said() -> None:
    """The text of a returned letter is nobody's answer; its headers name it."""
    inner = "Message-ID: <ours@x.example>\r\nSubject: y\r\n\r\nunsubscribe me"
    raw = multipart("mixed", ("text/plain", "hello"), ("message/rfc822", inner))
    mail = open_mail(raw)
    assert mail.text.strip() == "hello"
    assert [one.get("message-id") for one in mail.returned] == ["<ours@x.example>"]


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello",
        b"Content-Type: multipart/mixed\n\n--bbbbb\nContent-Type: text/plain\n\nhello",
        b"Content-Type: multipart/mixed; boundary=zzz\n\nhello",
        b"--bbbbb\nContent-Type: text/plain\n\nhello\n--bbbbb--",
        b"From x@y Mon Jan 1\nSubject: a\n\nhello",
        b"Subject: a\r\rhello",
        b"Content-Type: text/html; charset=nonsense\n\n<p>hello</p>",
        b"Content-Transfer-Encoding: base64\n\naGVsbG8",
    ],
)
def test_broken_mime_is_read_all_the_same(raw: bytes) -> None:
    """No closing line, no boundary, a lost header, an mbox's line, lone CRs."""
    assert "hello" in open_mail(raw).text


def test_the_pages_are_read_where_there_is_no_plain_text() -> None:
    """Who sends only HTML is heard; where both are, the plain text counts."""
    page = ("text/html", "<p>from the page</p>")
    assert open_mail(multipart("alternative", page)).text == "from the page"
    both = multipart("alternative", ("text/plain", "plain"), page)
    assert open_mail(both).text.strip() == "plain"


def test_parts_are_counted_over_all_depths() -> None:
    """A tree of multiparts has no more parts than a flat one may have."""
    raw = nasty()["person: a hundred thousand parts"]()
    assert len(open_mail(raw).parts) <= MAX_PARTS
