"""The vault: stored passwords are sealed, and cannot be moved from row to row.

AES-256-GCM; the kind and id of whom a password belongs to are bound into it, so that
a ciphertext copied to another row does not open. The sealed form is: one byte of
format, four that tell which key, a nonce of 12, the ciphertext with its tag. All keys
derive from master keys of 32 bytes, kept outside the database: the systemd credential
``secret_key``, or the file ``secret.key`` made at the first start. One key a line, the
newest first: it seals and mints, all open, verify and know erased persons again. A new
key goes on top; a "-" in the place of an old one throws it away.
Errors: VaultError. Source: RFC 5116 (AEAD), RFC 5869 (HKDF), systemd CREDENTIALS.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from outreachd.rules.suppression import Eraser
from outreachd.rules.token import TokenMint
from outreachd.store.datadir import hand_over

CREDENTIAL = "secret_key"
FILE = "secret.key"
FORMAT = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12
THROWN_AWAY = b"-"  # keeps the place of a key that is not wanted any more
MAX_KEYS = 256  # the number of a token's key is one byte


class VaultError(Exception):
    """A key or a sealed password is not usable; the text never holds either."""


class Vault:
    """Seals and opens; holds the keys, and shows them nowhere."""

    def __init__(self, *masters: bytes | None) -> None:
        """Take the keys, newest first; None = one that was thrown away."""
        kept = [master for master in masters if master is not None]
        self._sealers = {_key_id(master): _sealer(master) for master in kept}
        self._key_id = next(iter(self._sealers))
        # Numbered from the oldest: a new key takes no number that stands in a link.
        self._token_keys = {
            number: _derive(master, b"outreachd opt-out tokens", KEY_BYTES)
            for number, master in enumerate(reversed(masters))
            if master is not None
        }
        self._eraser = Eraser(
            [_derive(master, b"outreachd erased persons", KEY_BYTES) for master in kept]
        )

    @classmethod
    def unlock(cls, state: Path) -> Vault:
        """Take the key from the credential, or the state directory; make it if new."""
        root = os.environ.get("CREDENTIALS_DIRECTORY")
        if root and (credential := Path(root, CREDENTIAL)).exists():
            return cls(*_decoded(credential))
        file = state / FILE
        if not file.exists():
            _make_key(file)
        _refuse_shared(file)
        return cls(*_decoded(file))

    @property
    def mint(self) -> TokenMint:
        """Makes opt-out tokens with the newest key and reads those of all."""
        return TokenMint(self._token_keys, max(self._token_keys))

    @property
    def eraser(self) -> Eraser:
        """Hides the addresses of erased persons, and knows them again."""
        return self._eraser

    def seal(self, kind: str, target_id: int, plaintext: str) -> bytes:
        """Encrypt a password for one account or mailbox."""
        nonce = os.urandom(NONCE_BYTES)
        head = FORMAT + self._key_id
        owner = _owner(head, kind, target_id)
        sealer = self._sealers[self._key_id]
        return head + nonce + sealer.encrypt(nonce, plaintext.encode(), owner)

    def open(self, kind: str, target_id: int, blob: bytes) -> str:
        """Decrypt the password of this account or mailbox, and of no other."""
        start = len(FORMAT) + KEY_ID_BYTES
        head, nonce = blob[:start], blob[start : start + NONCE_BYTES]
        sealer = self._sealers.get(head[1:])
        if head[:1] == FORMAT and sealer is None:
            raise VaultError(
                f"the password of {kind} {target_id} was sealed with another key: "
                f"bring back that {FILE}, or apply the fleet with its passwords again."
            )
        try:
            owner = _owner(head, kind, target_id)
            if sealer is None:
                raise InvalidTag
            plain = sealer.decrypt(nonce, blob[start + NONCE_BYTES :], owner)
        except (InvalidTag, ValueError):
            raise VaultError(
                f"the stored password of {kind} {target_id} is damaged or belongs to "
                f"another row: apply the fleet with its passwords again."
            ) from None
        return plain.decode()


def _owner(head: bytes, kind: str, target_id: int) -> bytes:
    return head + f"{kind}:{target_id}".encode()


def _derive(master: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(master)


def _make_key(file: Path) -> None:
    """Write a new key; it appears whole or not at all, and never replaces another."""
    part = file.with_name(f"{file.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    line = base64.b64encode(os.urandom(KEY_BYTES)) + b"\n"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as new:
        hand_over(new.fileno(), file.parent)
        new.write(line)
        new.flush()
        os.fsync(new.fileno())
    try:
        file.hardlink_to(part)
    except FileExistsError:
        pass  # another process of ours was first: its key is the key
    finally:
        part.unlink()


def _refuse_shared(file: Path) -> None:
    mode = file.stat().st_mode & 0o777
    if mode & 0o077:
        raise VaultError(
            f"{file} may be read by others (mode {mode:o}): run `chmod 600 {file}`; if "
            f"others had access to this machine, change the mailbox passwords too."
        )


def _key_id(master: bytes) -> bytes:
    return _derive(master, b"outreachd key id", KEY_ID_BYTES)


def _sealer(master: bytes) -> AESGCM:
    return AESGCM(_derive(master, b"outreachd sealed passwords", KEY_BYTES))


def _decoded(file: Path) -> list[bytes | None]:
    try:
        lines = file.read_bytes().split()
    except OSError as error:
        raise VaultError(f"{file} cannot be read: {error.strerror}.") from None
    keys = [None if line == THROWN_AWAY else _key(line) for line in lines]
    if not keys or keys[0] is None or b"" in keys or len(keys) > MAX_KEYS:
        raise VaultError(
            f"{file} must hold {KEY_BYTES} bytes in base64 on each line: make a new "
            f"one with `openssl rand -base64 {KEY_BYTES}`, or bring back the old one."
        )
    return keys


def _key(line: bytes) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if len(key) == KEY_BYTES else b""
