"""The secrets of the fleet: passwords and tokens for logins, keys that sign.

They stay sealed in memory and are opened one at a time, at each login. A mailbox with
a login of its own has its own secret, all others use their account's. No secret is in
a repr, a log line or an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import structlog

from outreachd.rules.dkim import SigningKey
from outreachd.rules.dkim_record import wished
from outreachd.rules.model import Account, Auth, Mailbox, Roster
from outreachd.store.dkim import DkimKey, open_dkim_key
from outreachd.store.vault import Vault, VaultError

log = structlog.get_logger()


class Keyring:
    """Opens what a login needs; fits the carrier's two questions."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._sealed: Mapping[tuple[str, int], bytes] = {}
        self._roster: Roster | None = None
        self._keys: tuple[DkimKey, ...] = ()
        self._signing: dict[int, Sequence[SigningKey] | None] = {}
        self._unreadable: set[tuple[str, int]] = set()

    def replace(
        self,
        sealed: Mapping[tuple[str, int], bytes],
        roster: Roster,
        keys: Iterable[DkimKey] = (),
    ) -> None:
        """Take on the secrets of the fleet as it is now."""
        self._sealed = sealed
        self._roster = roster
        self._keys = tuple(keys)
        self._signing = {}
        self._unreadable = set()

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

    def secret(self, owner: str, id: int) -> str | None:
        """Open the password or token by which a mailbox is read; None = it cannot be.

        ``owner``: mailbox or inbox.
        """
        sealed = self._sealed.get((owner, id))
        try:
            return None if sealed is None else self._vault.open(owner, id, sealed)
        except VaultError:
            return None  # the mailbox is told as unheard

    def signing_keys(self, domain_id: int) -> Sequence[SigningKey] | None:
        """Tell by which keys a domain signs, opened once; None = one does not open."""
        if domain_id not in self._signing:
            try:
                self._signing[domain_id] = self._open_signing(domain_id)
            except VaultError as error:
                log.error("dkim.unreadable", error=str(error))
                self._signing[domain_id] = None
        return self._signing[domain_id]

    def _open_signing(self, domain_id: int) -> tuple[SigningKey, ...]:
        domain = self._roster.domains.get(domain_id) if self._roster else None
        if domain is None or domain.dkim is None:
            return ()
        wanted = wished(domain.dkim)
        found = []
        for key in self._keys:
            public = key.public
            if key.domain_id == domain_id and (public.selector, public.kind) in wanted:
                private = open_dkim_key(self._vault, key, self._sealed)
                if private is not None:
                    found.append(SigningKey(domain.name, public.selector, private))
        return tuple(found)

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
        if sealed is None or owner in self._unreadable:
            return None
        try:
            return self._vault.open(*owner, sealed)
        except VaultError as error:  # the login fails, and pauses who logs in
            log.error("password.unreadable", kind=owner[0], id=owner[1], why=str(error))
            self._unreadable.add(owner)
            return None
