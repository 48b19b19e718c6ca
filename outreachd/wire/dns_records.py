"""Answers the questions that the checks of sending domains ask of the DNS.

What always holds: an answer says what the DNS said, and everything else (a time-out, a
server that fails or refuses, a loop) is a fault, never "there is none". Truncated
answers are asked again over TCP by the library. TXT strings come joined, MX as "10
host". Bounded: so many questions at once, so many answers kept, for their own TTL
within bounds (seconds). Source: RFC 1035, RFC 2308; dnspython.
"""

from __future__ import annotations

import asyncio
import ipaddress

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from outreachd.rules.inquiry import Answer, Outcome, Question, RecordKind
from outreachd.wire.dns import LookupFailedError, system_servers
from outreachd.wire.kept import Kept

QUESTION_S = 15.0  # all name servers and tries together
AT_ONCE = 20
KEEP_AT_LEAST_S = 30.0
KEEP_AT_MOST_S = 900.0  # who has just mended a record wants to see it
KEEP_NONE_S = 60.0
KEEP_FAULT_S = 15.0
MAX_KEPT = 20_000
MAX_RECORDS = 100  # of one answer


class Records:
    """Looks records up; by default at the name servers of this machine.

    Raises LookupFailedError when made on a machine that has no name server set up.
    """

    def __init__(self, servers: dns.asyncresolver.Resolver | None = None) -> None:
        self._servers = servers or system_servers()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._kept: Kept[Question, Answer] = Kept(self._ask, size=MAX_KEPT)

    async def answer(self, question: Question) -> Answer:
        """Answer one question; a fault is an answer too."""
        name = question.name.rstrip(".").lower()
        return await self._kept.get(Question(name, question.kind))

    async def _ask(self, question: Question) -> tuple[Answer, float]:
        try:
            name = dns.name.from_text(f"{question.name}.")
        except (dns.exception.DNSException, UnicodeError):  # nobody can have it
            return Answer(Outcome.NO_NAME), KEEP_AT_MOST_S
        async with self._turns:
            return await self._ask_servers(name, question.kind)

    async def _ask_servers(
        self, name: dns.name.Name, kind: RecordKind
    ) -> tuple[Answer, float]:
        try:
            found = await self._servers.resolve(
                name, kind.value, lifetime=QUESTION_S, search=False
            )
        except dns.resolver.NXDOMAIN:
            return Answer(Outcome.NO_NAME), KEEP_NONE_S
        except dns.resolver.NoAnswer:
            return Answer(Outcome.NO_RECORD), KEEP_NONE_S
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Answer(Outcome.FAULT, why=_fault(error)), KEEP_FAULT_S
        records = tuple(_shown(record) for record in list(found)[:MAX_RECORDS])
        ttl_s = float(found.rrset.ttl) if found.rrset else 0.0
        keep_s = min(max(ttl_s, KEEP_AT_LEAST_S), KEEP_AT_MOST_S)
        return Answer(Outcome.FOUND, records), keep_s


def records_at(name_servers: tuple[str, ...]) -> Records:
    """Ask these servers ("192.0.2.53" or "192.0.2.53:5353"), or the machine's if none.

    Raises LookupFailedError when there are none at all.
    """
    if not name_servers:
        return Records()
    servers = dns.asyncresolver.Resolver(configure=False)
    try:
        servers.nameservers = [_server(text) for text in name_servers]
    except ValueError as error:
        raise LookupFailedError(f"[checks] name_servers: {error}") from None
    return Records(servers)


class NoServers:
    """The DNS of a machine that has no name server set up: nobody can tell anything."""

    async def answer(self, question: Question) -> Answer:
        """Tell that."""
        return Answer(Outcome.FAULT, why="no name server is set up")


def records_or_faults(name_servers: tuple[str, ...]) -> Records | NoServers:
    """Ask these servers, or the machine's if none; without any all is a fault."""
    try:
        return records_at(name_servers)
    except LookupFailedError:
        return NoServers()


def _server(text: str) -> dns.nameserver.Do53Nameserver:
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):  # no port; or bare IPv6
        host, port = text, "53"
    address = str(ipaddress.ip_address(host.strip("[]")))
    return dns.nameserver.Do53Nameserver(address, int(port))


def _shown(record: dns.rdata.Rdata) -> str:
    match record:
        case TXT():
            return _printable(b"".join(record.strings).decode("utf-8", "replace"))
        case MX():
            host = record.exchange.to_text(omit_final_dot=True)
            return f"{record.preference} {'' if host in ('.', '@') else host}"
        case _:
            return record.to_text().rstrip(".")


def _printable(text: str) -> str:
    """Replace what a stranger may have put there for our terminal or database."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else "\ufffd" for one in text)


def _fault(error: Exception) -> str:
    match error:
        case dns.resolver.LifetimeTimeout():
            return "no answer in time"
        case dns.resolver.NoNameservers():
            return "its name servers fail or refuse"
        case _:
            return type(error).__name__
