"""Mails to test the reading of notices with: the corpus beside us, and nasty ones.

The corpus is public test data of other projects and lies beside the repository, not in
it; tests that need it are skipped where it is absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "bounces"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

# What a class means for what is done; classes of one family are easily confused
# and do little harm if they are.
FAMILIES = {
    "hard": "hard_no_user hard_inactive hard_bad_domain recipient_filtered",
    "soft": "soft_mailbox_full soft_greylist soft_network soft_expired remote_error"
    " rate_limit too_many_recipients",
    "block": "block_ip block_reputation block_dns auth_dmarc content_spam"
    " content_virus policy_other",
    "sender": "sender_rejected auth_credentials auth_rate_limit quota_sender"
    " account_suspended relay_denied tls",
}
FAMILY = {name: family for family, names in FAMILIES.items() for name in names.split()}


def labelled() -> list[tuple[bytes, dict[str, Any]]]:
    """Read the corpus: each mail with what it is known to be; empty if it is absent."""
    index = CORPUS / "index.jsonl"
    if not index.exists():
        return []
    rows = [json.loads(line) for line in index.read_text().split("\n") if line]
    return [((CORPUS / row["file"]).read_bytes(), row) for row in rows]


def mail(body: str = "", *, kind: str = "text/plain", **headers: str) -> bytes:
    """Write a mail; ``in_reply_to="x"`` becomes ``In-Reply-To: x``."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Type: {kind}; charset=utf-8", "", body]
    return "\r\n".join(lines).encode()


def multipart(kind: str, *parts: tuple[str, str], **headers: str) -> bytes:
    """Write a multipart of (type, text); ``kind`` may carry parameters."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    mark = f"=b{sum(len(text) for _, text in parts)}="  # not that of a mail inside
    lines += [f'Content-Type: multipart/{kind}; boundary="{mark}"', ""]
    for type_, text in parts:
        lines += [f"--{mark}", f"Content-Type: {type_}", "", text]
    return "\r\n".join([*lines, f"--{mark}--", ""]).encode()


def bounce(fields: str, *, text: str = "It failed.", **headers: str) -> bytes:
    """Write a delivery status notification with these fields for its recipients."""
    wanted = {
        "From": "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Return_Path": "<>",
        "Subject": "Undelivered Mail Returned to Sender",
        **headers,
    }
    return multipart(
        "report; report-type=delivery-status",
        ("text/plain", text),
        ("message/delivery-status", f"Reporting-MTA: dns; mx.example\r\n\r\n{fields}"),
        ("text/rfc822-headers", "Message-ID: <ours@b.example>\r\nTo: p@people.example"),
        **wanted,
    )


def nasty() -> dict[str, Callable[[], bytes]]:
    """Name mails of up to 10 MB that a careless reader chokes on; each makes itself."""
    mixed = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    level = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    fields = b"Final-Recipient: rfc822; u@x.example\r\nStatus: 5.1.1\r\n\r\n"
    report = mixed + b"--x\r\nContent-Type: message/delivery-status\r\n\r\n"
    bodies: dict[str, Callable[[], bytes]] = {
        "a thousand parts": lambda: mixed + b"--x\r\n\r\nhello\r\n" * 1000 + b"--x--",
        "a hundred thousand parts": lambda: mixed + b"--x\r\n\r\nhello\r\n" * 100_000,
        "three thousand deep": lambda: b"".join(level % (i, i) for i in range(3000)),
        "messages in messages": lambda: (
            b"Content-Type: message/rfc822\r\n\r\n" * 30_000
        ),
        "one boundary in itself": lambda: (mixed + b"--x\r\n") * 30_000,
        "a million headers": lambda: b"X-A: b\r\n" * 1_000_000 + b"\r\nx",
        "one header of 10 MB": lambda: b"References: " + b"<a@b> " * 1_700_000,
        "many recipients": lambda: report + fields * 50_000,
        "pages of tags": lambda: (
            b"Content-Type: text/html\r\n\r\n" + b"<a b " * 2_000_000
        ),
        "one tag without an end": lambda: (
            b"Content-Type: text/html\r\n\r\n<div " + b"gmail_quote " * 800_000
        ),
        "base64 that is none": lambda: (
            b"Content-Transfer-Encoding: base64\r\n\r\n" + b"%" * (10 << 20)
        ),
    }
    for name in (
        b"idna",
        b"punycode",
        b"zip_codec",
        b"utf-7",
        b"unicode_escape",
        b"hz",
    ):
        start = b"Content-Type: text/plain; charset=" + name + b"\r\n\r\n"
        bodies[f"charset {name.decode()}"] = partial(_pumped, start, b"+AAA-xn--~{a")
    for unit in (b"<", b"\n", b"a@", b"x@a.", b"- ", b"> ", b"From: x\n", b"please "):
        bodies[f"ten MB of {unit!r}"] = partial(_pumped, b"\r\n", unit)
    return {
        f"{who}: {name}": partial(_begun, start, body)
        for name, body in bodies.items()
        for who, start in (("daemon", _DAEMON), ("person", _PERSON))
    }


_DAEMON = b"From: mailer-daemon@x.example\r\nReturn-Path: <>\r\nSubject: failure\r\n"
_PERSON = b"From: ann@x.example\r\nSubject: Re: hello\r\nIn-Reply-To: <a@b>\r\n"


def _pumped(start: bytes, unit: bytes) -> bytes:
    return start + unit * ((10 << 20) // len(unit))


def _begun(start: bytes, body: Callable[[], bytes]) -> bytes:
    return start + body()
