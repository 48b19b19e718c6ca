"""Opt-out tokens: short opaque words in links, from which only we can read an id.

A token names one thing (kind and id), holds no address, never expires and is the same
each time it is minted, so a repeated letter has the same bytes. Nobody without the key
can make one, or see from two of them how many letters lie between: the id is hidden by
a pad made from the tag (the construction of SIV: RFC 5297, here with HMAC-SHA256).
The key's number stands in the token, so old links work as long as old keys are kept.
Layout, 26 octets in 35 characters: key number 1, kind 1, id xor pad 8, tag 16.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

MIN_KEY = 32  # octets
BLOCK = 64  # octets, of SHA-256
_TAG = 16  # octets
_SHAPE = re.compile(r"[A-Za-z0-9_-]{35}")


# The inner and outer hash of an HMAC, fed with its key.
Prepared: TypeAlias = "tuple[hashlib._Hash, hashlib._Hash]"


class TokenKind(StrEnum):
    """What a token lets its holder do; the value is one ASCII letter."""

    OPT_OUT = "o"
    CONFIRM = "c"
    BOUNCE = "b"  # a send's return address and envelope id


_KINDS = {kind.encode(): kind for kind in TokenKind}


class TokenMint:
    """Makes tokens with the current key and reads those of every key it is given.

    Raises ValueError on a short key, a key number outside 0..255 or a current number
    without its key: a wrong setting stops the daemon at start.
    """

    __slots__ = ("_current", "_keys")

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        if current not in keys:
            raise ValueError(f"there is no token key number {current}")
        for number, key in keys.items():
            if not 0 <= number <= 255:
                raise ValueError(f"token key number {number} is not within 0..255")
            if len(key) < MIN_KEY:
                raise ValueError(
                    f"token key number {number} is shorter than {MIN_KEY} octets"
                )
        self._current = current
        self._keys = {
            number: (
                _prepared(hmac.digest(key, b"outreachd token tag", "sha256")),
                _prepared(hmac.digest(key, b"outreachd token pad", "sha256")),
            )
            for number, key in keys.items()
        }

    def mint(self, kind: TokenKind, id: int) -> str:
        """Make the one token for this thing under the current key."""
        tag_key, pad_key = self._keys[self._current]
        head = bytes((self._current,)) + kind.encode()
        tag = _digest(tag_key, head + id.to_bytes(8, "big"))[:_TAG]
        return _written(head + _hidden(id, tag, pad_key).to_bytes(8, "big") + tag)

    def read(self, token: str) -> tuple[TokenKind, int] | None:
        """Tell what a token names; None for anything that no key of ours made."""
        if not _SHAPE.fullmatch(token):
            return None
        raw = base64.urlsafe_b64decode(token + "=")
        keys = self._keys.get(raw[0])
        kind = _KINDS.get(raw[1:2])
        if keys is None or kind is None:
            return None
        tag_key, pad_key = keys
        head, tag = raw[:2], raw[10:]
        id_ = _hidden(int.from_bytes(raw[2:10], "big"), tag, pad_key)
        right = _digest(tag_key, head + id_.to_bytes(8, "big"))[:_TAG]
        # The last character has two spare bits: only one spelling is ours.
        if not hmac.compare_digest(right, tag) or _written(raw) != token:
            return None
        return kind, id_


def _prepared(key: bytes) -> Prepared:
    """Take an HMAC as far as its key goes: once, not for each letter."""
    padded = key.ljust(BLOCK, b"\0")
    inner = bytes(octet ^ 0x36 for octet in padded)
    outer = bytes(octet ^ 0x5C for octet in padded)
    return hashlib.sha256(inner), hashlib.sha256(outer)


def _digest(key: Prepared, message: bytes) -> bytes:
    """Finish an HMAC-SHA256 (RFC 2104)."""
    inner, outer = key[0].copy(), key[1].copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


def _hidden(number: int, tag: bytes, pad_key: Prepared) -> int:
    """Hide an id, or uncover it: the same step both ways."""
    pad = _digest(pad_key, tag)[:8]
    return number ^ int.from_bytes(pad, "big")


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
