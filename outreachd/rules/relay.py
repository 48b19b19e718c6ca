"""What is known of the relays by which a domain's letters leave.

A submission host need not be where the letters come out. Known is what the operator
told (addresses, the name it says in HELO) and what large providers document: the
``include`` that authorises them and their usual DKIM selectors. Of all others nothing
is guessed, and what depends on it stays unknown.
Sources: each provider's page on setting up SPF and DKIM (2026).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider whose ways are documented."""

    name: str
    include: str  # the SPF name that lists its outgoing servers
    selectors: tuple[str, ...]  # of DKIM, as it proposes them


@dataclass(frozen=True, slots=True)
class Relay:
    """One account as the checks see it."""

    account: str
    host: str
    addresses: tuple[str, ...] = ()  # outgoing, as the operator told; () = not told
    helo: str = ""  # what it says in HELO; "" = not told

    @property
    def provider(self) -> Provider | None:
        """Tell the provider behind the host, if its ways are known."""
        return _PROVIDERS.get(self.host.lower().rstrip("."))


_GOOGLE = Provider("Google", "_spf.google.com", ("google",))
_MICROSOFT = Provider(
    "Microsoft", "spf.protection.outlook.com", ("selector1", "selector2")
)
_YANDEX = Provider("Yandex", "_spf.yandex.net", ("mail",))
_MAIL_RU = Provider("VK WorkMail", "_spf.mail.ru", ("mailru",))
_FASTMAIL = Provider("Fastmail", "spf.messagingengine.com", ("fm1", "fm2", "fm3"))
_MIGADU = Provider("Migadu", "spf.migadu.com", ("key1", "key2", "key3"))

_PROVIDERS = {
    "smtp.gmail.com": _GOOGLE,
    "smtp-relay.gmail.com": _GOOGLE,
    "smtp.office365.com": _MICROSOFT,
    "smtp.yandex.ru": _YANDEX,
    "smtp.yandex.com": _YANDEX,
    "smtp.mail.ru": _MAIL_RU,
    "smtp.fastmail.com": _FASTMAIL,
    "smtp.migadu.com": _MIGADU,
}
