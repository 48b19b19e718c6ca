"""The laws of the self-test: it passes here, and it would notice."""

from __future__ import annotations

import pytest
from aiohttp import http_parser

from outreachd.commands import selftest


def test_this_python_and_its_libraries_are_fit() -> None:
    """S20: what we are tested with passes its own test."""
    assert list(selftest.old_libraries()) == []
    assert list(selftest.open_headers()) == []
    assert selftest.has_strict_parser()


def test_an_old_or_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are compared as numbers: 3.9 is older than 3.14."""
    monkeypatch.setattr(
        selftest, "LEAST", {"aiohttp": "999.1", "no-such-thing": "1", "click": "8.5"}
    )
    aiohttp, missing = selftest.old_libraries()
    assert aiohttp.startswith("aiohttp ")
    assert aiohttp.endswith("is too old, 999.1 is needed")
    assert missing == "no-such-thing 0 is too old, 1 is needed"
    assert selftest._numbers("3.9") < selftest._numbers("3.14.5rc1")


def test_a_parser_in_python_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """S20: the slow parser is also the lenient one."""
    monkeypatch.setattr(
        http_parser, "HttpRequestParser", http_parser.HttpRequestParserPy
    )
    assert not selftest.has_strict_parser()


@pytest.mark.parametrize(
    "letter",
    [
        b"From: a@example.org\r\nSubject: About x\r\nBcc: v@example.org\r\n\r\nHi",
        b"From: a@example.org\r\nSubject: =?utf-8?q?x=0D=0ABcc=3A_v?=\r\n\r\nHi",
    ],
)
def test_a_header_that_gets_in_is_noticed(
    letter: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: one more header, or a value that reads as two lines, fails the test."""
    monkeypatch.setattr(selftest, "_letter", lambda _: letter)
    assert len(list(selftest.open_headers())) == len(selftest.PAYLOADS)
