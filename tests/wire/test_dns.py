"""The laws of looking up names: cached, shared, bounded, and no name delays another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import dns.asyncresolver
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from outreachd.wire import dns as wire_dns
from outreachd.wire.dns import LookupFailedError, Resolver

ZONE = {
    ("mx.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("mx.example.", "AAAA"): ["2001:db8::1"],
    ("four.example.", "A"): ["192.0.2.4"],
    ("text.example.", "TXT"): ['"no address"'],
    ("loop.example.", "CNAME"): ["loop.example."],
}


class NameServer(asyncio.DatagramProtocol):
    """Answers from ZONE; says nothing to names that begin with slow."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.mute = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.DatagramTransport) or transport
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        name = query.question[0].name.to_text().lower()
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append(f"{name} {kind}")
        if self.mute or name.startswith("slow"):
            return
        for found in (kind, "CNAME"):
            if (name, found) in ZONE:
                records = ZONE[name, found]
                answer.answer.append(
                    dns.rrset.from_text(
                        query.question[0].name, 60, "IN", found, *records
                    )
                )
                break
        else:
            if not any(known == name for known, _ in ZONE):
                answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)  # type: ignore[attr-defined]


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    yield server
    transport.close()


@pytest.fixture
def resolver(server: NameServer) -> Resolver:
    asks = dns.asyncresolver.Resolver(configure=False)
    asks.nameservers = ["127.0.0.1"]
    asks.port = server.transport.get_extra_info("sockname")[1]
    return Resolver(asks)


async def test_both_families_are_asked_once(
    server: NameServer, resolver: Resolver
) -> None:
    """IPv6 comes first; the answer is kept; spelling and a last dot do not matter."""
    found = await resolver.addresses("mx.example")
    assert found[0] == "2001:db8::1"
    assert set(found[1:]) == {"192.0.2.1", "192.0.2.2"}
    assert await resolver.addresses("MX.Example.") == found
    assert sorted(server.asked) == ["mx.example. A", "mx.example. AAAA"]


async def test_one_query_for_all_who_ask_at_once(
    server: NameServer, resolver: Resolver
) -> None:
    """A hundred connections to one host cost one look-up."""
    await asyncio.gather(*(resolver.addresses("four.example") for _ in range(100)))
    assert len(server.asked) == 2


async def test_literals_and_localhost_need_no_server(server: NameServer) -> None:
    """What is known without DNS is not asked of it."""
    resolver = Resolver(dns.asyncresolver.Resolver(configure=False))
    assert await resolver.addresses("127.0.0.1") == ("127.0.0.1",)
    assert await resolver.addresses("[::1]") == ("::1",)
    assert await resolver.addresses("localhost") == ("::1", "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gone.example", "no such host name"),
        ("text.example", "no address"),
        ("loop.example", "DNS did not answer"),
        ("a..b", "DNS did not answer"),
    ],
)
async def test_what_cannot_be_found_is_said(
    resolver: Resolver, name: str, why: str
) -> None:
    """DNS 35: NXDOMAIN, no address, a CNAME loop, an impossible name: one sentence."""
    for _ in range(2):
        with pytest.raises(LookupFailedError, match=why):
            await resolver.addresses(name)


async def test_a_dead_name_delays_no_other(
    server: NameServer, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS 36: with 20 names unanswered, another one is found at once."""
    monkeypatch.setattr(wire_dns, "QUERY_S", 0.3)
    slow = [
        asyncio.create_task(resolver.addresses(f"slow{number}.example"))
        for number in range(20)
    ]
    async with asyncio.timeout(0.2):
        assert await resolver.addresses("four.example") == ("192.0.2.4",)
    assert not any(task.done() for task in slow)
    for task in slow:
        with pytest.raises(LookupFailedError, match="did not answer"):
            await task


async def test_a_caller_who_leaves_takes_nothing_from_the_others(
    resolver: Resolver,
) -> None:
    """Cancelling one of two who wait for a name leaves the other its answer."""
    first, second = (
        asyncio.create_task(resolver.addresses("four.example")) for _ in range(2)
    )
    await asyncio.wait([first], timeout=0)
    first.cancel()
    assert await second == ("192.0.2.4",)
    with pytest.raises(asyncio.CancelledError):
        await first
