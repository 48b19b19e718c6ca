"""Whether a domain or an outgoing address stands on a public blocklist.

A list is believed only while it proves alive: its test entry is listed and the one
that must never be is not. A dead list (nothing answers), one whose domain was sold
(everything is listed) and one that refuses us (127.255.255.x, 127.0.0.1: asked through
a public resolver, or too often) are all ``unknown``. Source: RFC 5782 sections 2.1, 2.3
and 5; return codes as the lists document them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address, ip_network

from outreachd.rules.finding import Found, ok, unknown, wrong
from outreachd.rules.inquiry import Answer, Inquiry, Outcome, RecordKind, ask

_LISTED = ip_network("127.0.0.0/8")
_REFUSED = (ip_network("127.255.255.0/24"), ip_network("127.0.1.255/32"))
_NEVER_A_LISTING = ip_address("127.0.0.1")  # RFC 5782 section 2.1


@dataclass(frozen=True, slots=True)
class Blocklist:
    """A list: of addresses, or of domains."""

    zone: str
    is_of_domains: bool

    @property
    def listed_entry(self) -> str:
        """What is listed on purpose."""
        if not self.is_of_domains:
            return "127.0.0.2"
        return _TEST_DOMAINS.get(self.zone, "TEST")

    @property
    def clean_entry(self) -> str:
        """What is never listed."""
        return "INVALID" if self.is_of_domains else "127.0.0.1"


# Where a list has another test entry than RFC 5782 section 5 asks for.
_TEST_DOMAINS = {
    "dbl.spamhaus.org": "dbltest.com",
    "multi.surbl.org": "surbl-org-permanent-test-point.com",
    "multi.uribl.com": "test.uribl.com",
}


class Listing(Enum):
    """What an answer of a list means."""

    LISTED = 1
    CLEAN = 2
    UNCLEAR = 3


def read(answer: Answer) -> Listing:
    """Read the answer of a list."""
    if answer.outcome is Outcome.FAULT:
        return Listing.UNCLEAR
    codes = [ip_address(code) for code in answer.records]
    if any(
        code not in _LISTED
        or code == _NEVER_A_LISTING
        or any(code in network for network in _REFUSED)
        for code in codes
    ):
        return Listing.UNCLEAR
    return Listing.LISTED if codes else Listing.CLEAN


def query_name(entry: str, zone: str) -> str:
    """Tell what to ask a list for an address or a domain."""
    try:
        pointer = ip_address(entry).reverse_pointer
    except ValueError:
        return f"{entry}.{zone}"
    for end in (".in-addr.arpa", ".ip6.arpa"):
        pointer = pointer.removesuffix(end)
    return f"{pointer}.{zone}"


def check_blocklists(
    domain: str, relay_addresses: Sequence[str], lists: Sequence[Blocklist]
) -> Inquiry[Found]:
    """Look a domain and its outgoing addresses up in all lists that are alive."""
    clean: list[str] = []
    silent: list[str] = []
    for one in lists:
        entries = [domain] if one.is_of_domains else relay_addresses
        if not entries:
            continue
        if not (yield from _is_alive(one)):
            silent.append(one.zone)
            continue
        listings = []
        for entry in entries:
            listings.append((yield from _looked_up(entry, one)))
            if listings[-1] is Listing.LISTED:
                return wrong(
                    f"{entry} is listed by {one.zone}: ask there to be removed"
                )
        (silent if Listing.UNCLEAR in listings else clean).append(one.zone)
    return _summed_up(clean, silent)


def _summed_up(clean: Sequence[str], silent: Sequence[str]) -> Found:
    doubt = f"; no use from here: {', '.join(silent)}" if silent else ""
    if clean:
        return ok(f"not listed by {', '.join(clean)}{doubt}")
    if silent:
        return unknown(f"no blocklist could be asked: {', '.join(silent)}")
    return ok("there is no blocklist to ask")


def _is_alive(one: Blocklist) -> Inquiry[bool]:
    listed = yield from _looked_up(one.listed_entry, one)
    if listed is not Listing.LISTED:
        return False
    return (yield from _looked_up(one.clean_entry, one)) is Listing.CLEAN


def _looked_up(entry: str, one: Blocklist) -> Inquiry[Listing]:
    answer = yield from ask(query_name(entry, one.zone), RecordKind.A)
    return read(answer)
