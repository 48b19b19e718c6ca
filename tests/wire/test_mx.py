"""The laws of asking where mail goes: sure words count, faults do not, none waits long.

The DNS is a real server on loopback, but for what no server does on demand.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from outreachd.rules.hygiene import MailDomain, MailVerdict
from outreachd.rules.inquiry import Answer, Outcome, Question
from outreachd.wire.dns import LookupFailedError
from outreachd.wire.dns_records import Records
from outreachd.wire.mx import (
    AT_ONCE,
    FAULTS_IN_A_ROW,
    MailDomains,
    mail_domains_at,
    receiver_of,
)
from tests.wire.names import NameServer, name_server

ZONE = {
    ("firm.net", "MX"): ["20 alt.aspmx.l.google.com.", "10 aspmx.l.google.com."],
    ("office.net", "MX"): ["0 office-net.mail.protection.outlook.com."],
    ("own.co.uk", "MX"): ["10 mx1.own.co.uk."],
    ("null.net", "MX"): ["0 ."],
    ("odd.net", "MX"): ["0 .", "10 mx.odd.net."],
    ("web.net", "A"): ["192.0.2.1"],
    ("six.net", "AAAA"): ["2001:db8::1"],
    ("text.net", "TXT"): ['"nothing else"'],
    ("loop.net", "CNAME"): ["loop.net."],
    ("known.test", "MX"): ["10 mx.known.test."],
}


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    """Give a name server on loopback."""
    async with name_server(ZONE) as server:
        server.faults |= {"fail.net": "servfail", "slow.net": "mute", "cut.net": "cut"}
        yield server


@pytest.fixture
def records(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> Records:
    """Give a way to it that does not wait long."""
    monkeypatch.setattr("outreachd.wire.dns_records.QUESTION_S", 0.2)
    return Records(server.resolver())


@pytest.mark.parametrize(
    ("domain", "verdict", "receiver"),
    [
        ("firm.net", MailVerdict.MX, "google"),
        ("office.net", MailVerdict.MX, "outlook"),
        ("own.co.uk", MailVerdict.MX, "own.co.uk"),
        ("odd.net", MailVerdict.MX, "odd.net"),
        ("web.net", MailVerdict.A_ONLY, "web.net"),
        ("six.net", MailVerdict.A_ONLY, "six.net"),
        ("null.net", MailVerdict.NULL_MX, ""),
        ("text.net", MailVerdict.NONE, ""),
        ("gone.net", MailVerdict.NONE, ""),
        ("fail.net", MailVerdict.UNKNOWN, ""),
        ("slow.net", MailVerdict.UNKNOWN, ""),
        ("cut.net", MailVerdict.UNKNOWN, ""),
        ("loop.net", MailVerdict.UNKNOWN, ""),
    ],
)
async def test_a_domain_is_judged_by_what_the_dns_says_for_sure(
    records: Records, domain: str, verdict: MailVerdict, receiver: str
) -> None:
    """An address without MX is fine, a null MX is not, a fault is nobody's fault."""
    [found] = await MailDomains(records).look_up([domain])
    assert found == MailDomain(domain, verdict, receiver)


async def test_reserved_names_are_asked_of_a_chosen_server_only(
    server: NameServer, records: Records
) -> None:
    """No public server is bothered with .example and .test; a server named may know."""
    names = ["a.example", "b.test", "c.invalid", "mx.example.com", "known.test"]
    found = await MailDomains(records).look_up(names)
    assert {one.verdict for one in found} == {MailVerdict.UNKNOWN}
    assert server.asked == []
    [known] = await MailDomains(records, asks_reserved=True).look_up(["known.test"])
    assert known.verdict is MailVerdict.MX


class Counting:
    """Answers when told to; counts how many questions are open."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.open = self.most = self.asked = 0

    async def answer(self, question: Question) -> Answer:
        """Answer in a while."""
        self.asked += 1
        self.open += 1
        self.most = max(self.most, self.open)
        for _ in range(3):
            await asyncio.sleep(0)  # noqa: TID251 - lets the others begin
        self.open -= 1
        return Answer(self.outcome, ("10 mx.firm.net",))


async def test_many_domains_are_asked_at_once_but_not_all() -> None:
    """A thousand names neither wait for each other nor flood a resolver."""
    records = Counting(Outcome.FOUND)
    found = await MailDomains(records).look_up(f"d{n}.net" for n in range(1000))
    assert [one.domain for one in found] == [f"d{n}.net" for n in range(1000)]
    assert records.most == AT_ONCE


async def test_a_dns_that_is_away_is_left_alone() -> None:
    """After many faults in a row all others are unknown at once: nobody is refused."""
    records = Counting(Outcome.FAULT)
    mail_domains = MailDomains(records)
    found = await mail_domains.look_up(f"d{n}.net" for n in range(1000))
    assert {one.verdict for one in found} == {MailVerdict.UNKNOWN}
    assert mail_domains.is_away
    assert FAULTS_IN_A_ROW <= records.asked <= FAULTS_IN_A_ROW + AT_ONCE


async def test_one_answer_ends_a_row_of_faults() -> None:
    """Some dead domains in a list do not make the DNS dead."""
    records = Counting(Outcome.FAULT)
    mail_domains = MailDomains(records)
    for _ in range(3):
        records.outcome = Outcome.FAULT
        await mail_domains.look_up(f"d{n}.net" for n in range(FAULTS_IN_A_ROW - 1))
        records.outcome = Outcome.FOUND
        await mail_domains.look_up(["firm.net"])
    assert not mail_domains.is_away


async def test_a_machine_without_dns_takes_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No name server set up is a fault like any other: nobody is refused."""

    def fail(_: object) -> Records:
        raise LookupFailedError("no /etc/resolv.conf")

    monkeypatch.setattr("outreachd.wire.dns_records.records_at", fail)
    [found] = await mail_domains_at(()).look_up(["firm.net"])
    assert found.verdict is MailVerdict.UNKNOWN


async def test_servers_that_are_named_are_asked_for_all(server: NameServer) -> None:
    """Reserved names too: who names a server has a reason."""
    [found] = await mail_domains_at((f"127.0.0.1:{server.port}",)).look_up(
        ["known.test"]
    )
    assert found == MailDomain("known.test", MailVerdict.MX, "known.test")


@pytest.mark.parametrize(
    ("host", "receiver"),
    [
        ("aspmx.l.google.com", "google"),
        ("MX.Yandex.NET", "yandex"),
        ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
        ("mx.firm.com.br", "firm.com.br"),
        ("mail.city.kawasaki.jp", "city.kawasaki.jp"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
    ],
)
def test_mail_hosts_are_grouped_by_who_runs_them(host: str, receiver: str) -> None:
    """By the registrable domain, as the Public Suffix List cuts it."""
    assert receiver_of(host) == receiver
