"""What a thief of the database, or of one row, must not be able to do."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from outreachd.rules.token import TokenKind, TokenMint
from outreachd.store.vault import Vault, VaultError


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(32))


def test_what_is_sealed_opens_for_the_same_row(vault: Vault) -> None:
    """Any text comes back as it was, and twice sealed looks different twice."""
    first, second = (vault.seal("mailbox", 7, "pässword\n") for _ in range(2))
    assert first != second
    assert vault.open("mailbox", 7, first) == "pässword\n"
    assert b"password" not in first


@pytest.mark.parametrize(("kind", "target_id"), [("account", 7), ("mailbox", 8)])
def test_swapped_ciphertexts_do_not_open(
    vault: Vault, kind: str, target_id: int
) -> None:
    """A password copied to another row is refused, and the row is named."""
    blob = vault.seal("mailbox", 7, "secret")
    with pytest.raises(VaultError, match=f"password of {kind} {target_id} is damaged"):
        vault.open(kind, target_id, blob)


def test_every_damaged_bit_is_noticed(vault: Vault) -> None:
    """No byte of the sealed form, nor its length, can be changed unnoticed."""
    blob = vault.seal("account", 1, "secret")
    damaged = [
        blob[:i] + bytes([blob[i] ^ 1]) + blob[i + 1 :] for i in range(len(blob))
    ]
    for bad in [*damaged, blob[:-1], blob[:3], b""]:
        with pytest.raises(VaultError):
            vault.open("account", 1, bad)


def test_another_key_is_told_from_damage(vault: Vault) -> None:
    """Whoever lost the key file learns that, and not that the data are broken."""
    blob = Vault(b"x" * 32).seal("account", 1, "secret")
    with pytest.raises(VaultError, match="sealed with another key"):
        vault.open("account", 1, blob)


def test_nothing_secret_is_shown(vault: Vault) -> None:
    """Neither a repr nor an error holds a key or a password."""
    blob = vault.seal("account", 1, "hunter2")
    with pytest.raises(VaultError) as caught:
        vault.open("account", 2, blob)
    assert "hunter2" not in repr(vault) + str(caught.value)


def test_the_token_key_is_its_own(vault: Vault) -> None:
    """Opt-out tokens have a key that is stable, and that the master does not equal."""
    token = vault.mint.mint(TokenKind.OPT_OUT, 7)
    assert token == Vault(bytes(32)).mint.mint(TokenKind.OPT_OUT, 7)
    assert TokenMint({0: bytes(32)}, 0).read(token) is None
    assert Vault(b"x" * 32).mint.read(token) is None


def test_a_new_key_on_top_loses_nothing_of_the_old(vault: Vault) -> None:
    """Passwords open, links work, the erased are known; what is new has the new key."""
    token = vault.mint.mint(TokenKind.OPT_OUT, 7)
    blob, hidden = (
        vault.seal("account", 1, "secret"),
        vault.eraser.hidden("a@x.example"),
    )
    both = Vault(b"n" * 32, bytes(32))
    assert both.mint.read(token) == (TokenKind.OPT_OUT, 7)
    assert both.open("account", 1, blob) == "secret"
    assert hidden in both.eraser.known_as("a@x.example")

    newer = both.mint.mint(TokenKind.OPT_OUT, 7)
    assert (newer != token, vault.mint.read(newer)) == (True, None)
    assert both.eraser.hidden("a@x.example") != hidden
    with pytest.raises(VaultError, match="sealed with another key"):
        vault.open("account", 1, both.seal("account", 1, "secret"))


def test_a_key_that_was_thrown_away_keeps_its_place(tmp_path: Path) -> None:
    """Its links are dead; those of the keys around it still find theirs."""
    keys = [base64.b64encode(letter * 32) for letter in (b"c", b"b", b"a")]
    file = tmp_path / "secret.key"
    file.touch(mode=0o600)
    file.write_bytes(b"\n".join(keys))
    first = Vault(b"a" * 32).mint.mint(TokenKind.OPT_OUT, 1)
    second = Vault(b"b" * 32, b"a" * 32).mint.mint(TokenKind.OPT_OUT, 2)
    assert Vault.unlock(tmp_path).mint.read(second) == (TokenKind.OPT_OUT, 2)
    file.write_bytes(b"\n".join([keys[0], keys[1], b"-"]))
    mint = Vault.unlock(tmp_path).mint
    assert (mint.read(first), mint.read(second)) == (None, (TokenKind.OPT_OUT, 2))
    file.write_bytes(b"\n".join([b"-", *keys]))
    with pytest.raises(VaultError, match="must hold 32 bytes in base64"):
        Vault.unlock(tmp_path)


def test_the_key_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    """A second start opens what the first has sealed; nobody else reads the file."""
    blob = Vault.unlock(tmp_path).seal("account", 1, "secret")
    assert Vault.unlock(tmp_path).open("account", 1, blob) == "secret"
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """S22: a world-readable key stops the start, with the command that mends it."""
    Vault.unlock(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(VaultError, match=r"mode 644\): run `chmod 600 "):
        Vault.unlock(tmp_path)


def test_the_credential_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under systemd the key need not lie in the state directory at all."""
    (tmp_path / "secret_key").write_bytes(base64.b64encode(bytes(32)) + b"\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    token = Vault.unlock(tmp_path / "none").mint.mint(TokenKind.OPT_OUT, 7)
    assert Vault(bytes(32)).mint.read(token) == (TokenKind.OPT_OUT, 7)


@pytest.mark.parametrize("text", [b"", b"not base64!", base64.b64encode(b"short")])
def test_a_key_of_the_wrong_shape_is_refused(tmp_path: Path, text: bytes) -> None:
    """A cut or mistyped key is never stretched into a weak one."""
    file = tmp_path / "secret.key"
    file.write_bytes(text)
    file.chmod(0o600)
    with pytest.raises(VaultError, match="must hold 32 bytes in base64"):
        Vault.unlock(tmp_path)
