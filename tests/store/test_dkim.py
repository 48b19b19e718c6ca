"""The laws of signing keys: made once, sealed, bound to their row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outreachd.rules.dkim import SigningKey, signed
from outreachd.rules.dkim_record import KeyKind
from outreachd.store.database import Database
from outreachd.store.dkim import (
    DkimKey,
    KeyTakenError,
    make_dkim_key,
    open_dkim_key,
    read_dkim_keys,
)
from outreachd.store.roster import read_secrets
from outreachd.store.vault import Vault, VaultError
from tests.store.seed import NOW, seed_fleet

VAULT = Vault(b"k" * 32)


async def make(db: Database, selector: str, kind: KeyKind) -> tuple[DkimKey, bool]:
    """Make a key of the first domain."""
    async with db.connection() as connection:
        return await make_dkim_key(
            connection, VAULT, 1, selector, kind, author="test", now=NOW
        )


async def test_a_key_is_made_once(db: Database) -> None:
    """Asked for again it is the same, and another kind needs another selector."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    key, is_new = await make(db, "o1", KeyKind.ED25519)
    assert is_new
    assert await make(db, "o1", KeyKind.ED25519) == (key, False)
    with pytest.raises(KeyTakenError, match="choose another selector"):
        await make(db, "o1", KeyKind.RSA)
    async with db.connection() as connection:
        assert await read_dkim_keys(connection) == [key]


@pytest.mark.parametrize("kind", list(KeyKind))
async def test_a_key_opens_for_its_row_and_signs(db: Database, kind: KeyKind) -> None:
    """What is in the database is of no use without the vault, or in another row."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    key, _ = await make(db, "o1", kind)
    async with db.connection() as connection:
        sealed = await read_secrets(connection)
    blob = sealed["dkim", key.id]
    assert b"PRIVATE" not in blob
    private = open_dkim_key(VAULT, key, sealed)
    assert private is not None
    signer = SigningKey("mail.acme.example", "o1", private)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert signed(b"From: a@b\r\n\r\nx\r\n", [signer], at).startswith(b"DKIM-Sig")
    other = DkimKey(key.id + 1, 1, key.public)
    with pytest.raises(VaultError):
        open_dkim_key(VAULT, other, {("dkim", other.id): blob})
    assert open_dkim_key(VAULT, key, {}) is None


async def test_making_a_key_is_noted_without_it(db: Database) -> None:
    """The audit says who made which key, and daemons read the fleet again."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        heard: list[str] = []
        await connection.add_listener(
            "outreachd_fleet", lambda _c, _p, channel, _: heard.append(channel)
        )
        await make_dkim_key(
            connection, VAULT, 1, "o1", KeyKind.RSA, author="ann", now=NOW
        )
        row = await connection.fetchrow(
            "SELECT author, action, detail::text FROM audit"
        )
        await connection.reset()
    assert heard == ["outreachd_fleet"]
    assert row is not None
    assert (row["author"], row["action"]) == ("ann", "dkim")
    assert "PRIVATE" not in row["detail"]
