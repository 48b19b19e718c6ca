"""The laws of looking up names: cached, shared, bounded, and no name delays another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import dns.asyncresolver
import pytest

from outreachd.wire import dns as wire_dns
from outreachd.wire.dns import LookupFailedError, Resolver
from tests.wire.names import NameServer, name_server

ZONE = {
    ("mx.example", "A"): ["192.0.2.1", "192.0.2.2"],
    ("mx.example", "AAAA"): ["2001:db8::1"],
    ("four.example", "A"): ["192.0.2.4"],
    ("text.example", "TXT"): ['"no address"'],
    ("loop.example", "CNAME"): ["loop.example."],
}


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    async with name_server(ZONE) as server:
        server.faults |= {f"slow{number}.example": "mute" for number in range(20)}
        yield server


@pytest.fixture
def resolver(server: NameServer) -> Resolver:
    return Resolver(server.resolver())


async def test_both_families_are_asked_once(
    server: NameServer, resolver: Resolver
) -> None:
    """IPv6 comes first; the answer is kept; spelling and a last dot do not matter."""
    found = await resolver.addresses("mx.example")
    assert found[0] == "2001:db8::1"
    assert set(found[1:]) == {"192.0.2.1", "192.0.2.2"}
    assert await resolver.addresses("MX.Example.") == found
    assert sorted(server.asked) == ["mx.example A", "mx.example AAAA"]


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
