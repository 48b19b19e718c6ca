"""Whether this Python and its libraries are fit to write letters and hear strangers.

Versions below which a fault is known that would matter here; aiohttp's parser in C,
which is stricter than the one in Python; and the letter itself: values that try to
begin a header of their own are refused or stay inside their line, as the standard
library's reader, which stands for all others, confirms. Nothing is sent.
Source: CVE-2024-6923 (header injection), RFC 2047, RFC 5322 section 2.2.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from aiohttp import http_parser

from outreachd.rules.letter import Unfillable, compile_letter, new_message_id
from outreachd.rules.model import Client, DelayUnit, Mailbox, Step

LEAST = {
    "aiohttp": "3.14.5",
    "aiosmtplib": "5.1.3",
    "asyncpg": "0.32",
    "cryptography": "48",
    "email-validator": "2.4",
    "minijinja": "3.0.5",
}

# What strangers may have written into a contact file, in hope of a header of theirs.
PAYLOADS = (
    "x\r\nBcc: v@example.org",
    "x\nBcc: v@example.org",
    "x\rBcc: v@example.org",
    "x\x00Bcc: v@example.org",
    "x\u2028Bcc: v@example.org",
    "x\x85Bcc: v@example.org",
    "=?utf-8?q?x=0D=0ABcc:_v=40example.org?=",
    "=?utf-8?b?eA0KQmNjOiB2QGV4YW1wbGUub3Jn?=",
)
HEADERS = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
}
SOME_DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def old_libraries() -> Iterator[str]:
    """Name each library that is older than what is safe."""
    for name, least in LEAST.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "0"
        if _numbers(found) < _numbers(least):
            yield f"{name} {found} is too old, {least} is needed"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def has_strict_parser() -> bool:
    """Tell whether aiohttp reads requests with its parser in C."""
    return http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy


def open_headers() -> Iterator[str]:
    """Name each payload that gets a header into a letter; none is right."""
    for payload in PAYLOADS:
        letter = _letter(payload)
        if letter is None:
            continue  # refused: held for a person
        read = email.message_from_bytes(letter, policy=email.policy.default)
        strange = {name.lower() for name in read} - HEADERS
        lines = [str(value) for value in read.values()]
        if strange or any(len(line.splitlines()) > 1 for line in lines):
            yield f"a contact's value {payload!r} would write headers of its own"


def _letter(value: str) -> bytes | None:
    step = Step(
        number=1,
        subject="About {{ company }}",
        text="Good day",
        html=None,
        delay=0,
        delay_unit=DelayUnit.DAYS,
    )
    composer = compile_letter(
        step, _CLIENT, base_url="https://out.example.org", unsubscribe_mailto=None
    )
    if isinstance(composer, Unfillable):
        raise AssertionError(f"the letter of the self-test is bad: {composer.detail}")
    letter = composer.fill(
        mailbox=_MAILBOX,
        email="reader@example.org",
        variables={"company": value},
        message_id=new_message_id(bytes(16), "example.org"),
        dated_at=SOME_DAY,
        thread=None,
        thread_subject=None,
        unsubscribe_token="self-test",  # noqa: S106 - no secret: nothing is sent
    )
    return None if isinstance(letter, Unfillable) else letter.message


_CLIENT = Client(
    id=1,
    name="test",
    share=1.0,
    daily_limit=None,
    postal_address="Street 1, Town",
    contact_url=None,
    timezone=UTC,
)
_MAILBOX = Mailbox(
    id=1,
    address="ann@example.org",
    name="Ann",
    domain_id=1,
    daily_limit=1,
    hourly_limit=1,
    min_gap_s=0.0,
    jitter=0.0,
    workday_start_min=0,
    workday_end_min=1440,
    timezone=UTC,
    ramp=None,
    signature="",
    username=None,
)
