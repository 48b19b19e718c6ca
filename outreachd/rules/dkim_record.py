"""Whether the DKIM keys that the DNS shows are the ones that we sign with.

A key record may be missing, revoked (an empty ``p=``), of another type, or hold
another key: each is a finding of its own. Keys are compared as bytes, so that spaces
and pieces of a TXT record do not matter. A domain that does not sign with us may be
signed by its relay, under a selector that only a known provider tells.
Source: RFC 6376 section 3.6.1; RFC 8463 section 3.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from outreachd.rules.finding import Found, combined, missing, ok, unknown, wrong
from outreachd.rules.inquiry import (
    Inquiry,
    Outcome,
    RecordKind,
    ask,
    every,
    tags,
)
from outreachd.rules.model import Dkim, DkimSign
from outreachd.rules.relay import Relay

PIECE = 255  # octets of one string of a TXT record (RFC 1035 section 3.3)

_TAG_LIST = re.compile(r"[^=;]+=[^;]*(;|$)")


class KeyKind(StrEnum):
    """The two kinds of DKIM keys, in the words of ``k=``."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that we sign with, as it is to be published."""

    selector: str
    kind: KeyKind
    data: bytes  # what p= holds: SubjectPublicKeyInfo (RSA), 32 octets (Ed25519)


def wished(dkim: Dkim | None) -> tuple[tuple[str, KeyKind], ...]:
    """Tell the keys that a domain wants: selector and kind.

    A selector names one key, so of both kinds the second has a name of its own.
    """
    if dkim is None:
        return ()
    match dkim.sign:
        case DkimSign.RSA:
            return ((dkim.selector, KeyKind.RSA),)
        case DkimSign.ED25519:
            return ((dkim.selector, KeyKind.ED25519),)
        case DkimSign.BOTH:
            second = f"{dkim.selector}-{KeyKind.ED25519}"
            return ((dkim.selector, KeyKind.RSA), (second, KeyKind.ED25519))
        case _:
            assert_never(dkim.sign)


class BadKeyRecordError(ValueError):
    """A key record cannot be read; the text is a part of a sentence."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key record as published; no data = revoked."""

    kind: str
    data: bytes


def record_name(selector: str, domain: str) -> str:
    """Tell under which name a key is published."""
    return f"{selector}._domainkey.{domain}"


def record_text(key: PublicKey) -> str:
    """Write the TXT record of a key."""
    p = base64.b64encode(key.data).decode()
    return f"v=DKIM1; k={key.kind}; p={p}"


def pieces(text: str) -> list[str]:
    """Part a TXT record into the strings of 255 octets that the DNS carries."""
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def parse(text: str) -> KeyRecord:
    """Read a key record; BadKeyRecordError says what is wrong with it."""
    try:
        found = tags(text)
    except ValueError as error:
        raise BadKeyRecordError(str(error)) from None
    if "p" not in found:
        raise BadKeyRecordError("it has no p= tag")
    if "h" in found and "sha256" not in _words(found["h"]):
        raise BadKeyRecordError("h= does not allow sha256")
    if "s" in found and not _words(found["s"]) & {"*", "email"}:
        raise BadKeyRecordError("s= does not allow mail")
    try:
        data = base64.b64decode("".join(found["p"].split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadKeyRecordError("p= is no base64") from None
    return KeyRecord(found.get("k", "rsa").lower(), data)


def _words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(":")}


def check_dkim(
    domain: str,
    keys: Sequence[PublicKey],
    relays: Sequence[Relay],
    *,
    lacking: Sequence[str] = (),
) -> Inquiry[Found]:
    """Look whether our keys are published; else whether the relays' may be.

    ``lacking`` are the selectors that the domain wants and that have no key yet.
    """
    if lacking:
        names = ", ".join(lacking)
        return missing(f"there is no key {names}: run `outreachd dkim {domain}`")
    if not keys:
        return (yield from _of_providers(domain, relays))
    return combined((yield from every(check_key(domain, key) for key in keys)))


def check_key(domain: str, key: PublicKey) -> Inquiry[Found]:
    """Look whether one key of ours is published."""
    name = record_name(key.selector, domain)
    answer = yield from _key_records(name)
    publish = f"publish what `outreachd dkim {domain}` prints"
    if isinstance(answer, Found):
        return answer
    if not answer:
        return missing(f"{name} has no DKIM record: {publish}")
    if len(answer) > 1:
        return wrong(f"{name} has {len(answer)} DKIM records: leave one")
    try:
        record = parse(answer[0])
    except BadKeyRecordError as error:
        return wrong(f"the DKIM record {name} is broken, {error}: {publish}")
    if not record.data:
        return wrong(f"the DKIM key {name} is revoked (p= is empty): {publish}")
    if record.kind != key.kind:
        return wrong(f"{name} holds a key of kind {record.kind[:20]}: {publish}")
    if record.data != key.data:
        return wrong(f"{name} holds another key than ours: {publish}")
    return ok(f"{name} holds our {key.kind} key")


def _key_records(name: str) -> Inquiry[tuple[str, ...] | Found]:
    """Ask for what stands at a name; v= may be left out, so all tag lists count."""
    answer = yield from ask(name, RecordKind.TXT)
    if answer.outcome is Outcome.FAULT:
        return unknown(f"the DNS did not tell about {name} ({answer.why})")
    return tuple(text for text in answer.records if _TAG_LIST.match(text))


def _of_providers(domain: str, relays: Sequence[Relay]) -> Inquiry[Found]:
    """Look for a key under the usual selectors of a known provider."""
    found = []
    for relay in relays:
        provider = relay.provider
        if provider is None:
            found.append(
                unknown(
                    f"account {relay.account} may sign, under a selector that cannot be"
                    f" seen from here; or sign here: [[domain]] dkim"
                )
            )
            continue
        for selector in provider.selectors:
            name = record_name(selector, domain)
            answer = yield from _key_records(name)
            if not isinstance(answer, Found) and any(map(_is_live, answer)):
                found.append(ok(f"{name} holds a key of {provider.name}"))
                break
        else:
            found.append(
                unknown(
                    f"no key of {provider.name} is seen under its usual selectors"
                    f" ({', '.join(provider.selectors)}): switch its DKIM on"
                )
            )
    return combined(found)


def _is_live(text: str) -> bool:
    try:
        return bool(parse(text).data)
    except BadKeyRecordError:
        return False
