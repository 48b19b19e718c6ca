"""A name server of our own on loopback, over UDP and TCP, with scripted faults.

``zone`` maps (name, kind) to records; a name without any is NXDOMAIN. ``faults`` maps a
name to what goes wrong with it. All that was asked is in ``asked``, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str]]


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers from its zone.

    ``faults``: servfail, refused, mute, truncate, garbage, cut (half a message).
    """

    zone: Zone = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    over_tcp: list[str] = field(default_factory=list)
    port: int = 0
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = transport  # type: ignore[assignment] # uvloop's is its own

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question over UDP."""
        answer = self.answer(data, is_tcp=False)
        if answer is not None and self.transport is not None:
            self.transport.sendto(answer, addr)

    async def talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer a question over TCP."""
        size = int.from_bytes(await reader.readexactly(2))
        answer = self.answer(await reader.readexactly(size), is_tcp=True)
        if answer is not None:
            writer.write(len(answer).to_bytes(2) + answer)
            await writer.drain()
        writer.close()

    def answer(self, data: bytes, *, is_tcp: bool) -> bytes | None:
        """Make the answer, or none."""
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        if is_tcp:
            self.over_tcp.append(name)
        match self.faults.get(name):
            case "mute":
                return None
            case "garbage":
                return data[:2] + b"\xff" * 20
            case "servfail":
                answer.set_rcode(dns.rcode.SERVFAIL)
                return answer.to_wire()
            case "refused":
                answer.set_rcode(dns.rcode.REFUSED)
                return answer.to_wire()
            case "truncate" if not is_tcp:
                answer.flags |= dns.flags.TC
                return answer.to_wire()
        self._fill(answer, name, kind)
        wire = answer.to_wire()
        return wire[: len(wire) // 2] if self.faults.get(name) == "cut" else wire

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(10):  # a loop of CNAMEs ends, as with any name server
            for found in (kind, "CNAME"):
                if records := self.zone.get((name, found)):
                    rrset = dns.rrset.from_text(f"{name}.", 60, "IN", found, *records)
                    answer.answer.append(rrset)
                    break
            else:
                if not any(known == name for known, _ in self.zone):
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                return
            if found != "CNAME":
                return
            name = records[0].rstrip(".")

    def resolver(self) -> dns.asyncresolver.Resolver:
        """Give a resolver that asks here and nowhere else."""
        asks = dns.asyncresolver.Resolver(configure=False)
        asks.nameservers = ["127.0.0.1"]
        asks.port = self.port
        return asks


def texts(zone: Mapping[str, str]) -> Zone:
    """Make the TXT records of a zone, parted into strings of 255 octets."""
    return {
        (name, "TXT"): [
            " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))
        ]
        for name, text in zone.items()
    }


@asynccontextmanager
async def name_server(zone: Zone | None = None) -> AsyncIterator[NameServer]:
    """Start a name server."""
    server = NameServer(zone or {})
    loop = asyncio.get_running_loop()
    tcp = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = tcp.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", server.port)
    )
    yield server
    transport.close()
    tcp.close()
    await tcp.wait_closed()
