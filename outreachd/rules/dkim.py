"""Signing letters: DKIM by RSA-2048 or Ed25519, or by both.

Relaxed/relaxed, over the exact bytes of the letter; the same letter, keys and date
give the same signature, so every attempt of a send stays the same to the byte. All
headers that we write are signed, the opt-out among them (RFC 8058 section 4), and each
once more than it is there: one that is put beside it on the way breaks the signature.
Headers that a relay may rightly add (Received, Sender) are not. ``t=`` is in seconds.
Sources: RFC 6376 sections 3.4 and 3.7; RFC 8463; RFC 8301 (key sizes).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from outreachd.rules.dkim_record import KeyKind

PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

# Signed wherever they are, and once more, so that none can be added.
SIGNED = (
    b"from",
    b"to",
    b"cc",
    b"reply-to",
    b"subject",
    b"date",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
LINE = 72  # octets of a folded line of b=

_SPACES = re.compile(rb"[ \t]{2,}|\t")  # what is not a single space already
_FIELD_ENDS = re.compile(rb"\r\n(?![ \t])")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and under which name its other half is published."""

    domain: str
    selector: str
    private: PrivateKey = field(repr=False)

    @property
    def kind(self) -> KeyKind:
        """Tell what the key is."""
        is_rsa = isinstance(self.private, RSAPrivateKey)
        return KeyKind.RSA if is_rsa else KeyKind.ED25519


def signed(message: bytes, keys: Sequence[SigningKey], dated_at: datetime) -> bytes:
    """Put a signature of each key on top of a letter."""
    head, _, body = message.partition(b"\r\n\r\n")
    digest = body_hash(body)
    headers = parted(head + b"\r\n")
    t = int(dated_at.timestamp())
    return b"".join(_signature(headers, digest, key, t) for key in keys) + message


def _signature(
    headers: Sequence[tuple[bytes, bytes]], digest: bytes, key: SigningKey, t: int
) -> bytes:
    names = [name for name, _ in headers if name in SIGNED]
    value = b" v=1; a=%b-sha256; c=relaxed/relaxed; d=%b; s=%b;\r\n t=%d; h=%b;\r\n" % (
        key.kind.encode(),
        key.domain.encode(),
        key.selector.encode(),
        t,
        b":\r\n  ".join([b":".join(sorted(names)), b":".join(SIGNED)]),
    )
    value += b" bh=%b;\r\n b=" % base64.b64encode(digest)
    covered = signed_bytes(headers, [*sorted(names), *SIGNED], value)
    b = base64.b64encode(_sign(key.private, covered))
    folded = b"\r\n  ".join(b[at : at + LINE] for at in range(0, len(b), LINE))
    return b"DKIM-Signature:" + value + folded + b"\r\n"


def _sign(key: PrivateKey, covered: bytes) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(covered, PKCS1v15(), SHA256())
    return key.sign(hashlib.sha256(covered).digest())  # RFC 8463 section 3


# --- canonical forms --------------------------------------------------------------


def parted(head: bytes) -> list[tuple[bytes, bytes]]:
    """Part headers into names in lower case and values as written, folds and all."""
    pairs = (field.partition(b":") for field in _FIELD_ENDS.split(head) if field)
    return [(name.strip().lower(), value) for name, _, value in pairs]


def relaxed_header(name: bytes, value: bytes) -> bytes:
    """Write a header in its relaxed form (RFC 6376 section 3.4.2), without an end."""
    unfolded = value.replace(b"\r\n", b"")
    return name + b":" + _SPACES.sub(b" ", unfolded).strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """Write a body in its relaxed form (RFC 6376 section 3.4.4)."""
    if b"  " in body or b"\t" in body:  # most have none, and this costs a tenth
        body = _SPACES.sub(b" ", body)
    lines = body.replace(b" \r\n", b"\r\n").removesuffix(b" ")
    end = len(lines)
    while lines.endswith(b"\r\n", 0, end):
        end -= 2
    return lines[:end] + b"\r\n" if end else b""


def body_hash(body: bytes) -> bytes:
    """Tell what bh= holds."""
    return hashlib.sha256(relaxed_body(body)).digest()


def signed_bytes(
    headers: Sequence[tuple[bytes, bytes]], names: Sequence[bytes], signature: bytes
) -> bytes:
    """Tell what a signature covers: ``names`` as h= has them, then itself without b=.

    A name taken again takes the next header of that name from the bottom up, and
    nothing when there is none left (RFC 6376 section 5.4.2).
    """
    left: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        left.setdefault(name, []).append(value)
    lines = [relaxed_header(name, left[name].pop()) for name in names if left.get(name)]
    return b"\r\n".join([*lines, relaxed_header(b"dkim-signature", signature)])
