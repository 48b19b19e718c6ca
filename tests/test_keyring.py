"""The laws of the keyring: each login gets its own kind of secret, and only its own."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from structlog.testing import capture_logs

from outreachd.keyring import Keyring
from outreachd.rules.dkim import PrivateKey
from outreachd.rules.dkim_record import KeyKind, PublicKey
from outreachd.rules.model import Auth, Dkim, DkimSign, Roster
from outreachd.store.dkim import DkimKey
from outreachd.store.vault import Vault
from tests.rosters import account, domain, mailbox


def roster(auth: Auth) -> Roster:
    """Make a fleet of one account and one mailbox whose logins hold this."""
    return Roster(
        clients={},
        accounts={1: replace(account(1), username="relay", auth=auth)},
        domains={},
        mailboxes={7: replace(mailbox(7), username="ann", auth=auth)},
        campaigns={},
    )


def keyring(auth: Auth) -> Keyring:
    """Make a keyring that holds a secret for each of the two."""
    vault = Vault(b"k" * 32)
    ring = Keyring(vault)
    sealed = {
        ("account", 1): vault.seal("account", 1, "of the relay"),
        ("mailbox", 7): vault.seal("mailbox", 7, "of ann"),
    }
    ring.replace(sealed, roster(auth))
    return ring


async def test_a_password_login_has_no_token() -> None:
    """The account's password for the account, the mailbox's own for the mailbox."""
    ring = keyring(Auth.PASSWORD)
    assert ring.password(1, None) == "of the relay"
    assert ring.password(1, 7) == "of ann"
    assert await ring.token(1, None) is None


async def test_a_token_login_has_no_password() -> None:
    """An access token is never offered as a password."""
    ring = keyring(Auth.XOAUTH2)
    assert ring.password(1, 7) is None
    assert await ring.token(1, 7) == "of ann"


async def test_a_missing_token_is_not_the_same_as_none_wanted() -> None:
    """Temporary, not a wrong login: "" says that there should be one."""
    ring = keyring(Auth.XOAUTH2)
    ring.replace({}, roster(Auth.XOAUTH2))
    assert await ring.token(1, None) == ""


def test_an_unknown_login_has_no_secret() -> None:
    """Before a fleet is read, and for what has been retired, there is nothing."""
    assert Keyring(Vault(b"k" * 32)).password(1, None) is None


def test_no_secret_shows() -> None:
    """A keyring that is printed by mistake tells nothing."""
    assert "of ann" not in repr(keyring(Auth.PASSWORD))


# --- keys that sign -------------------------------------------------------------------

VAULT = Vault(b"k" * 32)
SIGNING = Dkim(selector="o1", sign=DkimSign.BOTH)


def signing(dkim: Dkim | None, **sealed: bytes) -> Keyring:
    """Make a keyring for one domain that has an RSA and an Ed25519 key."""
    keys, blobs = [], {}
    made: list[tuple[str, KeyKind, PrivateKey]] = [
        ("o1", KeyKind.RSA, generate_private_key(65537, 2048)),
        ("o1-ed25519", KeyKind.ED25519, Ed25519PrivateKey.generate()),
    ]
    for id, (selector, kind, private) in enumerate(made, 1):
        keys.append(DkimKey(id, 1, PublicKey(selector, kind, b"")))
        pem = private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()
        blobs["dkim", id] = sealed.get(selector, VAULT.seal("dkim", id, pem))
    ring = Keyring(VAULT)
    fleet = replace(roster(Auth.PASSWORD), domains={1: replace(domain(1), dkim=dkim)})
    ring.replace(blobs, fleet, keys)
    return ring


def test_a_domain_signs_by_the_keys_it_wants() -> None:
    """Both, one, or none; opened once, and not for another domain."""
    ring = signing(SIGNING)
    both = ring.signing_keys(1)
    assert both is not None
    assert [key.selector for key in both] == ["o1", "o1-ed25519"]
    assert ring.signing_keys(1) is both
    assert ring.signing_keys(2) == ()
    one = signing(Dkim(selector="o1", sign=DkimSign.RSA)).signing_keys(1)
    assert one is not None
    assert [key.kind for key in one] == [KeyKind.RSA]
    assert signing(None).signing_keys(1) == ()
    assert Keyring(VAULT).signing_keys(1) == ()


def test_a_key_that_does_not_open_is_not_passed_over() -> None:
    """Its letters are held: unsigned they would be another letter."""
    assert signing(SIGNING, o1=b"damaged").signing_keys(1) is None


def test_what_reads_a_mailbox_is_opened_or_not_there() -> None:
    """Whose it is counts; a damaged one is told as a mailbox that cannot be read."""
    ring = Keyring(VAULT)
    sealed = {
        ("inbox", 1): VAULT.seal("inbox", 1, "s3cret"),
        ("mailbox", 1): VAULT.seal("inbox", 1, "s3cret"),
    }
    ring.replace(sealed, roster(Auth.PASSWORD))
    assert ring.secret("inbox", 1) == "s3cret"
    assert ring.secret("mailbox", 1) is None
    assert ring.secret("inbox", 2) is None


async def test_a_password_that_does_not_open_is_said_once_and_fails_the_login() -> None:
    """It is none: the login is refused and paused, and no letter is held for it.

    Nor does the login wait for a token, which "" would say: it has none at all.
    """
    ring = Keyring(Vault(b"k" * 32))
    sealed = {("account", 1): Vault(b"q" * 32).seal("account", 1, "of the relay")}
    ring.replace(sealed, roster(Auth.PASSWORD))
    with capture_logs() as logged:
        assert [ring.password(1, None) for _ in range(3)] == [None, None, None]
        assert await ring.token(1, None) is None
    [line] = logged
    assert (line["event"], line["kind"], line["id"]) == (
        "password.unreadable",
        "account",
        1,
    )
