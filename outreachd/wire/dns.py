"""Names to addresses, without threads and without waiting twice for the same name.

The event loop's own look-up runs in a handful of threads, so that a few dead names
hold up every other connection; this one speaks DNS itself. IP literals and
``localhost`` need no server. Answers are kept for their own TTL within bounds (in
seconds of the loop's clock), failures shortly; questions asked at the same time
share one query. Errors: LookupFailedError, with a sentence for people.
Source: RFC 1035, RFC 2308 (negative caching), RFC 6761 (localhost); dnspython.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from outreachd.wire.kept import Kept

QUERY_S = 10.0  # one look-up, all name servers together
KEEP_AT_LEAST_S = 30.0  # a TTL of 0 must not cost a query for each connection
KEEP_AT_MOST_S = 3600.0
KEEP_FAILURE_S = 15.0
CACHE_NAMES = 10_000
LOCALHOST = ("::1", "127.0.0.1")


class LookupFailedError(Exception):
    """The name has no address, or no name server could tell; the text says which."""


class Addresses(Protocol):
    """Whatever can turn a host name into addresses."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Tell the addresses, IPv6 first; raises LookupFailedError."""


class Resolver:
    """A caching resolver; by default asks the name servers of this machine.

    Raises LookupFailedError when made on a machine that has no name server set up.
    """

    def __init__(self, servers: dns.asyncresolver.Resolver | None = None) -> None:
        self._servers = servers or system_servers()
        self._kept: Kept[str, tuple[str, ...] | LookupFailedError] = Kept(
            self._ask, size=CACHE_NAMES
        )

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Tell the addresses of ``host``, IPv6 first."""
        name = host.rstrip(".").lower()
        literal = _without_dns(name)
        if literal:
            return literal
        answer = await self._kept.get(name)
        if isinstance(answer, LookupFailedError):
            raise LookupFailedError(*answer.args)
        return answer

    async def _ask(
        self, name: str
    ) -> tuple[tuple[str, ...] | LookupFailedError, float]:
        six, four = await asyncio.gather(
            self._query(name, dns.rdatatype.AAAA), self._query(name, dns.rdatatype.A)
        )
        found = [part for part in (six, four) if not isinstance(part, str)]
        if found:
            ttl_s = min(ttl for _, ttl in found)
            keep_s = min(max(ttl_s, KEEP_AT_LEAST_S), KEEP_AT_MOST_S)
            return tuple(a for part, _ in found for a in part), keep_s
        return LookupFailedError(f"{name}: {four}"), KEEP_FAILURE_S

    async def _query(
        self, name: str, kind: dns.rdatatype.RdataType
    ) -> tuple[tuple[str, ...], float] | str:
        try:
            # Short names are looked for in the machine's search domains, as usual.
            answer = await self._servers.resolve(
                name, kind, lifetime=QUERY_S, search=True
            )
        except dns.resolver.NXDOMAIN:
            return "no such host name in DNS; check `host` of the account"
        except dns.resolver.NoAnswer:
            return "the name has no address in DNS; check `host` of the account"
        except (dns.exception.DNSException, OSError, ValueError) as exc:
            return f"DNS did not answer ({type(exc).__name__}); will be tried again"
        ttl_s = answer.rrset.ttl if answer.rrset else 0
        return tuple(record.to_text() for record in answer), float(ttl_s)


def _without_dns(name: str) -> tuple[str, ...] | None:
    if name == "localhost" or name.endswith(".localhost"):
        return LOCALHOST
    try:
        return (str(ipaddress.ip_address(name.strip("[]"))),)
    except ValueError:
        return None


def system_servers() -> dns.asyncresolver.Resolver:
    """Tell the name servers of this machine; LookupFailedError if it has none."""
    try:
        return dns.asyncresolver.Resolver()
    except dns.exception.DNSException as exc:
        raise LookupFailedError(
            f"this machine has no name server set up ({exc}); see /etc/resolv.conf"
        ) from exc
