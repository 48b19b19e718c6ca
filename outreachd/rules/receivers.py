"""The names that receivers go by: who runs a recipient's mail.

A receiver is told by the registrable domain of the first MX host of a recipient's
domain. The large ones have a short name here, by which all their domains are one; each
other goes by that domain, such as "mx-provider.example". In a fleet file, ``OTHERS``
means each receiver that is not named there, by its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from outreachd.rules.model import Account

OTHERS = "others"

# Registrable domains of MX hosts that go by a shorter name.
RECEIVERS = {
    "google.com": "google",
    "googlemail.com": "google",
    "outlook.com": "outlook",
    "hotmail.com": "outlook",
    "office365.us": "outlook",
    "yahoodns.net": "yahoo",
    "icloud.com": "icloud",
    "yandex.net": "yandex",
    "yandex.ru": "yandex",
    "mail.ru": "mail.ru",
    "gmx.net": "gmx",
    "web.de": "gmx",
    "t-online.de": "t-online",
    "protonmail.ch": "proton",
    "zoho.com": "zoho",
    "zoho.eu": "zoho",
    "qq.com": "tencent",
    "mxhichina.com": "aliyun",
    "pphosted.com": "proofpoint",
    "ppe-hosted.com": "proofpoint",
    "mimecast.com": "mimecast",
    "barracudanetworks.com": "barracuda",
    "messagelabs.com": "messagelabs",
    "emailsrvr.com": "rackspace",
    "secureserver.net": "godaddy",
    "kundenserver.de": "ionos",
    "ovh.net": "ovh",
}
SHORT_NAMES = frozenset(RECEIVERS.values())


def rate_of(rates: Mapping[str, int], receiver: str) -> int | None:
    """Tell the letters a minute that may go to a receiver; None = any number."""
    return rates.get(receiver, rates.get(OTHERS))


def smallest_rate(accounts: Iterable[Account]) -> int | None:
    """Tell the fewest letters a minute that any account may send to a receiver."""
    rates = (rate for one in accounts for rate in one.receiver_rates.values())
    return min(rates, default=None)


def rates_text(rates: Mapping[str, int]) -> str:
    """Write rates for people: "google 60, outlook 30, others 100 a minute"."""
    if not rates:
        return "none"
    ranked = sorted(rates.items(), key=lambda rate: (rate[0] == OTHERS, rate[0]))
    return ", ".join(f"{name} {limit}" for name, limit in ranked) + " a minute"
