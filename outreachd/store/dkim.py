"""The keys that sign for domains: made here, kept sealed, never shown.

A selector names one key for ever: whoever wants another key takes another selector, so
that letters under way can still be verified. The private half is sealed in the vault
and bound to the key's own id. Errors: KeyTakenError, VaultError, LedgerAwayError.
Source: RFC 8301 (RSA of 2048 bits), RFC 8463 (Ed25519), RFC 5958 (PKCS #8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from outreachd.rules.dkim import PrivateKey
from outreachd.rules.dkim_record import KeyKind, PublicKey
from outreachd.store import sql
from outreachd.store.database import Connection
from outreachd.store.steering import note
from outreachd.store.vault import Vault

OWNER = "dkim"  # the kind of these secrets
RSA_BITS = 2048  # a longer key fits not every DNS provider and triples the CPU
RSA_EXPONENT = 65537


class KeyTakenError(ValueError):
    """The selector names a key of another kind already."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key as the database knows it."""

    id: int
    domain_id: int
    public: PublicKey


async def read_dkim_keys(connection: Connection) -> list[DkimKey]:
    """Read the public halves of all keys."""
    return [_key(row) for row in await connection.fetch(sql.text("dkim_keys"))]


async def make_dkim_key(
    connection: Connection,
    vault: Vault,
    domain_id: int,
    selector: str,
    kind: KeyKind,
    *,
    author: str,
    now: datetime,
) -> tuple[DkimKey, bool]:
    """Give the key of this selector, made if it is new; tell whether it is.

    Raises KeyTakenError if the selector names a key of another kind.
    """
    async with connection.transaction():
        await connection.execute(sql.text("lock_domain"), domain_id)
        row = await connection.fetchrow(sql.text("dkim_key"), domain_id, selector)
        if row is not None:
            return _same_kind(_key(row), kind), False
        private = _new(kind)
        public = PublicKey(selector, kind, _public(private))
        id = await connection.fetchval(
            sql.text("put_dkim_key"), domain_id, selector, kind.value, public.data, now
        )
        sealed = vault.seal(OWNER, id, _pem(private))
        await connection.execute(sql.text("put_secrets"), [OWNER], [id], [sealed])
        detail = {"domain": domain_id, "selector": selector, "kind": kind.value}
        await note(connection, now, author, "dkim", detail)
        await connection.execute(sql.text("notify_fleet"))
    return DkimKey(id, domain_id, public), True


def open_dkim_key(
    vault: Vault, key: DkimKey, sealed: Mapping[tuple[str, int], bytes]
) -> PrivateKey | None:
    """Open the private half of a key; None if it is not among the secrets."""
    blob = sealed.get((OWNER, key.id))
    if blob is None:
        return None
    pem = vault.open(OWNER, key.id, blob).encode()
    # Ours and sealed: checking the primes again would take 30 ms a domain.
    opened = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(opened, RSAPrivateKey | Ed25519PrivateKey)
    return opened


def _key(row: asyncpg.Record) -> DkimKey:
    public = PublicKey(row["selector"], KeyKind(row["kind"]), row["public"])
    return DkimKey(row["id"], row["domain_id"], public)


def _same_kind(key: DkimKey, kind: KeyKind) -> DkimKey:
    if key.public.kind is not kind:
        raise KeyTakenError(
            f"{key.public.selector} names a key of kind {key.public.kind} already:"
            f" choose another selector."
        )
    return key


def _new(kind: KeyKind) -> PrivateKey:
    match kind:
        case KeyKind.RSA:
            return generate_private_key(RSA_EXPONENT, RSA_BITS)
        case KeyKind.ED25519:
            return Ed25519PrivateKey.generate()
        case _:
            assert_never(kind)


def _public(private: PrivateKey) -> bytes:
    if isinstance(private, Ed25519PrivateKey):
        return private.public_key().public_bytes_raw()
    return private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def _pem(private: PrivateKey) -> str:
    return private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode()
