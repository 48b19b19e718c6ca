"""The laws of asking the DNS for records: a fault is never "there is none"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from outreachd.rules.inquiry import Answer, Outcome, Question, RecordKind
from outreachd.wire import dns_records
from outreachd.wire.dns import LookupFailedError
from outreachd.wire.dns_records import Records, records_at
from tests.wire.names import NameServer, name_server, texts

LONG = "v=DKIM1; p=" + "A" * 900
ZONE = {
    ("d.example", "MX"): ["10 mx.d.example.", "20 mx2.d.example."],
    ("null.example", "MX"): ["0 ."],
    ("d.example", "A"): ["192.0.2.1"],
    ("d.example", "AAAA"): ["2001:db8::1"],
    ("1.2.0.192.in-addr.arpa", "PTR"): ["out.d.example."],
    ("alias.example", "CNAME"): ["d.example."],
    ("loop.example", "CNAME"): ["pool.example."],
    ("pool.example", "CNAME"): ["loop.example."],
    ("odd.example", "TXT"): ['"\\255 \\000\\027[31mv"'],
    **texts({"long.example": LONG, "big.example": LONG}),
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[NameServer]:
    """Start a name server with the zone of these tests."""
    async with name_server(dict(ZONE)) as server:
        yield server


async def asked(server: NameServer, name: str, kind: str) -> Answer:
    """Ask it once."""
    records = Records(server.resolver())
    return await records.answer(Question(name, RecordKind(kind)))


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        ("d.example", "MX", {"10 mx.d.example", "20 mx2.d.example"}),
        ("null.example", "MX", {"0 "}),
        ("D.Example.", "A", {"192.0.2.1"}),
        ("d.example", "AAAA", {"2001:db8::1"}),
        ("1.2.0.192.in-addr.arpa", "PTR", {"out.d.example"}),
        ("alias.example", "A", {"192.0.2.1"}),
        ("long.example", "TXT", {LONG}),
        ("odd.example", "TXT", {"\ufffd \ufffd\ufffd[31mv"}),
    ],
)
async def test_records_come_as_the_rules_read_them(
    server: NameServer, name: str, kind: str, records: set[str]
) -> None:
    """Long TXT in one piece, no last dots, aliases followed, odd octets replaced."""
    found = await asked(server, name, kind)
    assert (found.outcome, set(found.records)) == (Outcome.FOUND, records)


async def test_a_truncated_answer_is_asked_again_over_tcp(server: NameServer) -> None:
    """A key that does not fit into a datagram is read all the same."""
    server.faults["big.example"] = "truncate"
    assert (await asked(server, "big.example", "TXT")).records == (LONG,)
    assert server.over_tcp == ["big.example"]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("gone.example", Outcome.NO_NAME),
        ("null.example", Outcome.NO_RECORD),
        ("a..b", Outcome.NO_NAME),
        ("x" * 64 + ".example", Outcome.NO_NAME),
    ],
)
async def test_there_is_none_is_known(
    server: NameServer, name: str, outcome: Outcome
) -> None:
    """No name, no record and a name that nobody can have are answers."""
    assert (await asked(server, name, "TXT")).outcome is outcome


@pytest.mark.parametrize("fault", ["servfail", "refused", "mute", "garbage"])
async def test_a_fault_is_never_taken_for_an_answer(
    server: NameServer, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS 36: a server that fails, refuses, is silent or babbles: nobody can tell."""
    monkeypatch.setattr(dns_records, "QUESTION_S", 0.3)
    server.faults["d.example"] = fault
    found = await asked(server, "d.example", "MX")
    assert found.outcome is Outcome.FAULT
    assert found.why


async def test_a_loop_of_aliases_is_a_fault(server: NameServer) -> None:
    """DNS 35: two names that lead to each other lead nowhere."""
    assert (await asked(server, "loop.example", "A")).outcome is Outcome.FAULT


async def test_one_question_for_all_who_ask(server: NameServer) -> None:
    """Fifty domains behind one relay ask for its name once."""
    records = Records(server.resolver())
    question = Question("d.example", RecordKind.A)
    await asyncio.gather(*(records.answer(question) for _ in range(50)))
    assert server.asked == ["d.example A"]


async def test_name_servers_may_be_named(server: NameServer) -> None:
    """`[checks] name_servers`: addresses, with a port or without."""
    records = records_at((f"127.0.0.1:{server.port}",))
    found = await records.answer(Question("d.example", RecordKind.A))
    assert found.records == ("192.0.2.1",)
    records_at(("2001:db8::53", "[2001:db8::53]:5353"))
    with pytest.raises(LookupFailedError, match="name_servers"):
        records_at(("dns.example",))
