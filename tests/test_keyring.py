"""The laws of the keyring: each login gets its own kind of secret, and only its own."""

from __future__ import annotations

from dataclasses import replace

from outreachd.keyring import Keyring
from outreachd.rules.model import Auth, Roster
from outreachd.store.vault import Vault
from tests.rosters import account, mailbox


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
