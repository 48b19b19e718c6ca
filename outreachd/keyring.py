"""The secrets of the fleet, for whoever logs in: passwords and access tokens.

They stay sealed in memory and are opened one at a time, at each login. A mailbox with
a login of its own has its own secret, all others use their account's. No secret is in
a repr, a log line or an error.
"""

from __future__ import annotations

from collections.abc import Mapping

from outreachd.rules.model import Account, Auth, Mailbox, Roster
from outreachd.store.vault import Vault


class Keyring:
    """Opens what a login needs; fits the carrier's two questions."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._sealed: Mapping[tuple[str, int], bytes] = {}
        self._roster: Roster | None = None

    def replace(self, sealed: Mapping[tuple[str, int], bytes], roster: Roster) -> None:
        """Take on the secrets of the fleet as it is now."""
        self._sealed = sealed
        self._roster = roster

    def password(self, account_id: int, mailbox_id: int | None) -> str | None:
        """Open the password of a mailbox's own login, or of the account's."""
        if self._auth(account_id, mailbox_id) is Auth.XOAUTH2:
            return None
        return self._open(account_id, mailbox_id)

    async def token(self, account_id: int, mailbox_id: int | None) -> str | None:
        """Open the access token of a login that has one instead; "" = it is missing."""
        if self._auth(account_id, mailbox_id) is not Auth.XOAUTH2:
            return None
        return self._open(account_id, mailbox_id) or ""

    def _auth(self, account_id: int, mailbox_id: int | None) -> Auth:
        if self._roster is None:
            return Auth.PASSWORD
        login: Account | Mailbox | None = self._roster.accounts.get(account_id)
        if mailbox_id is not None:
            login = self._roster.mailboxes.get(mailbox_id)
        return login.auth if login else Auth.PASSWORD

    def _open(self, account_id: int, mailbox_id: int | None) -> str | None:
        owner = ("account", account_id)
        if mailbox_id is not None:
            owner = ("mailbox", mailbox_id)
        sealed = self._sealed.get(owner)
        return None if sealed is None else self._vault.open(*owner, sealed)
