"""Which letter of ours a notice names: what it shows, and how far that is believed.

Anybody can send us a bounce. State changes only by what nobody else could have made:
a token signed with our key (in the return address, as the envelope id, in the
List-Unsubscribe of the letter that is returned) or the Message-ID of a letter of ours,
which is 128 bits of chance. Recipient and time together are a *weak* match, good for a
counter and for a person to look at. A return address carries its token in base32: mail
servers fold its case. Pure: looking up is the caller's. Sources: RFC 3461, 5321, 8058.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from outreachd.rules import dsn, dsn_text
from outreachd.rules.dsn import ADDRESS
from outreachd.rules.notice_mail import Headers, Mail
from outreachd.rules.token import TokenKind, TokenMint

WEAK_WINDOW = timedelta(days=5)
MAX_IDS = 50  # of one notice

_LOCAL = "bounce+"
_RETURN = re.compile(rf"{re.escape(_LOCAL)}([a-z2-7]{{42}})(?![a-z0-9])")
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")
_ADDRESS = re.compile(ADDRESS)
# Where mail servers write the address a notice was sent to.
_SENT_TO = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to",
            "x-delivered-to", "x-rcpt-to", "cc")  # fmt: skip


class Names(Struct, frozen=True, kw_only=True):
    """What a notice shows that may be ours; nothing of it is proven yet."""

    tokens: tuple[str, ...]  # may be tokens of ours, in order of weight
    returned_ids: tuple[str, ...]  # Message-IDs of letters that it returns
    thread_ids: tuple[str, ...]  # Message-IDs that it answers
    recipients: tuple[str, ...]  # whom it is about, small letters
    writer: str | None  # who wrote it, small letters


class Sent(Struct, frozen=True):
    """A letter of ours that a weak match may be about."""

    send_id: int
    recipient: str
    sent_at: datetime


def return_address(mint: TokenMint, send_id: int, domain: str) -> str:
    """Make the MAIL FROM of a send, for a domain whose bounces come to us."""
    raw = base64.urlsafe_b64decode(mint.mint(TokenKind.BOUNCE, send_id) + "=")
    return f"{_LOCAL}{base64.b32encode(raw).decode().rstrip('=').lower()}@{domain}"


def envelope_id(mint: TokenMint, send_id: int) -> str:
    """Make the ENVID of a send (RFC 3461): a token needs no xtext."""
    return mint.mint(TokenKind.BOUNCE, send_id)


def names(mail: Mail, recipients: Iterable[str | None]) -> Names:
    """Collect what a notice shows."""
    writer = _ADDRESS.search(mail.headers.get("from").lower())
    return Names(
        tokens=_unique(_tokens(mail)),
        returned_ids=_unique(_returned_ids(mail)),
        thread_ids=_unique(_thread_ids(mail.headers)),
        recipients=_unique(one.lower() for one in recipients if one),
        writer=writer[0] if writer else None,
    )


def proven(shown: Names, mint: TokenMint) -> tuple[TokenKind, int] | None:
    """Tell what the first genuine token names: a send, or an enrolment (opt-out)."""
    return next((read for one in shown.tokens if (read := mint.read(one))), None)


def weak_match(
    shown: Names, sent: Iterable[Sent], *, received_at: datetime
) -> int | None:
    """Guess the send by recipient and time; None unless exactly one fits."""
    people = {*shown.recipients, *((shown.writer,) if shown.writer else ())}
    fitting = {
        one.send_id
        for one in sent
        if one.recipient.lower() in people
        and timedelta(0) <= received_at - one.sent_at <= WEAK_WINDOW
    }
    return fitting.pop() if len(fitting) == 1 else None


def _tokens(mail: Mail) -> Iterator[str]:
    for name in _SENT_TO:
        for value in mail.headers.all(name):
            yield from _from_addresses(value)
    if (envid := dsn.envelope_id(mail)) and _TOKEN.fullmatch(envid):
        yield envid
    for part in mail.of_type("message/feedback-report"):
        yield from _from_addresses(part.text())
    for headers in _returned(mail):
        yield from _from_addresses(headers.get("return-path"))
        yield from _TOKEN.findall(headers.get("list-unsubscribe"))
    # An opt-out by mail carries the token as its subject.
    yield from _TOKEN.findall(mail.headers.get("subject"))


def _from_addresses(value: str) -> Iterator[str]:
    """Read return addresses of ours out of a text, case folded or not."""
    for found in _RETURN.finditer(value[:20_000].lower()):
        try:
            raw = base64.b32decode(found[1].upper() + "======")
        except binascii.Error:
            continue
        yield base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _returned(mail: Mail) -> Iterator[Headers]:
    yield from mail.returned
    yield dsn_text.said_and_returned(mail.text)[1]


def _returned_ids(mail: Mail) -> Iterator[str]:
    for headers in _returned(mail):
        for name in ("message-id", "x-message-id", "x-original-message-id"):
            yield from _MESSAGE_ID.findall(_bracketed(headers.get(name)))
    for part in mail.parts:
        if "disposition-notification" in part.type or "feedback-report" in part.type:
            for block in dsn.blocks(part.text()):
                for name in ("original-message-id", "message-id"):
                    for value in block.get(name, ()):
                        yield from _MESSAGE_ID.findall(_bracketed(value))
    if below := dsn_text.message_id_below(mail.text):
        yield below


def _bracketed(value: str) -> str:
    value = value.strip()
    return value if "<" in value or not value else f"<{value.split()[0]}>"


def _thread_ids(headers: Headers) -> Iterator[str]:
    for value in headers.all("in-reply-to"):
        yield from _MESSAGE_ID.findall(value)
    for value in headers.all("references"):
        yield from reversed(_MESSAGE_ID.findall(value))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:MAX_IDS]
