"""What a suppression can name: an address, a domain, a wildcard, or an erased person.

``read_target`` takes what people write and gives the one spelling that is kept:
``ann@x.example``, ``@x.example`` (the domain itself), ``*.x.example`` (all below it),
``sales@*``, ``*bot@x.example``. ``*`` stands for any characters. An erased person is
kept as ``#`` and a keyed hash of the address (HMAC-SHA256, 128 bits): whoever holds
the key finds the person again when the address is brought again, nobody reads it back.
Errors: BadTargetError, one sentence. Source: RFC 2104.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from outreachd.rules.address import (
    MAX_ADDRESS,
    BadAddressError,
    domain_of,
    normalise,
    normalise_recipient,
)

OPT_OUT = "opt_out"
COMPLAINT = "complaint"
ERASED = "erased"
# What a person has asked for themselves is taken back only if they ask for that too.
THEIR_WISH = frozenset({OPT_OUT, COMPLAINT, ERASED})
MAX_TEXT = 500  # characters of a reason or a source
# Each claim and each intent tries all of them: 300 cost a letter 0.1 ms, twice.
MAX_GLOBS = 300

_HASH_OCTETS = 16
_HASH = re.compile(r"#[0-9a-f]{32}")
_LOCAL_GLOB = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_DOMAIN_GLOB = re.compile(r"[a-z0-9.*-]+")


class Form(StrEnum):
    """What a target is; the schema holds the same words."""

    ADDRESS = "address"
    DOMAIN = "domain"  # @x.example
    BELOW = "below"  # *.x.example
    LOCAL = "local"  # sales@*
    GLOB = "glob"  # any other use of *
    HASH = "hash"  # an erased person


class BadTargetError(ValueError):
    """The text names nobody who could be suppressed; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Who is meant, as the list keeps it."""

    text: str
    form: Form

    @property
    def is_wide(self) -> bool:
        """Whether it may mean many addresses."""
        return self.form not in (Form.ADDRESS, Form.HASH)


def read_target(text: str) -> Target:
    """Read an address, a domain with its @, a wildcard or a keyed hash."""
    text = text.strip()
    if _HASH.fullmatch(text):
        return Target(text, Form.HASH)
    try:
        if "*" in text:
            return _wildcard(re.sub(r"\*+", "*", text.lower()))
        if text.startswith("@"):
            return Target("@" + _domain(text[1:]), Form.DOMAIN)
        return Target(normalise_recipient(text), Form.ADDRESS)
    except BadAddressError as error:
        raise BadTargetError(str(error)) from None


def _wildcard(text: str) -> Target:
    if len(text) > MAX_ADDRESS:
        raise BadTargetError(f"the wildcard is longer than {MAX_ADDRESS} characters")
    if not text.strip("*@."):
        raise BadTargetError("it would stop every letter: pause the client instead")
    local, at, domain = text.rpartition("@")
    if not at:
        local, domain = "*", text
        if not text.startswith("*."):
            raise BadTargetError("a wildcard without an @ is written *.example.org")
    local = local or "*"
    if "*" not in domain:
        domain = _domain(domain)
    if local == "*" and "*" not in domain:
        return Target(f"@{domain}", Form.DOMAIN)
    if local == "*" and domain.startswith("*.") and "*" not in domain[1:]:
        return Target(f"*.{_domain('a' + domain[1:])[2:]}", Form.BELOW)
    if not (_LOCAL_GLOB.fullmatch(local) and _DOMAIN_GLOB.fullmatch(domain)):
        raise BadTargetError("it has a sign that no address has")
    if domain == "*" and "*" not in local:
        return Target(f"{local}@*", Form.LOCAL)
    return Target(f"{local}@{domain}", Form.GLOB)


def _domain(text: str) -> str:
    return domain_of(normalise(f"x@{text}"))


def keyed_hash(email: str, key: bytes) -> str:
    """Make what stands for the address of an erased person, under one key."""
    digest = hmac.digest(key, email.encode(), "sha256")
    return "#" + digest[:_HASH_OCTETS].hex()


@dataclass(frozen=True, slots=True)
class Eraser:
    """Knows erased persons again: the newest key first, then those that hid before."""

    keys: Sequence[bytes]

    def __repr__(self) -> str:
        return f"Eraser({len(self.keys)} keys)"

    def hidden(self, email: str) -> str:
        """Make what is kept instead of an address from now on."""
        return keyed_hash(email, self.keys[0])

    def known_as(self, email: str) -> list[str]:
        """Tell every hash under which an address may have been hidden."""
        return [keyed_hash(email, key) for key in self.keys]
