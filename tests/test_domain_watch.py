"""The laws of looking at domains: in turn, by real DNS, and never to mail's harm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from outreachd.config import Checks, RelayFacts
from outreachd.domain_watch import IDLE_S, PACE_S, DomainWatch
from outreachd.rules import domain_check
from outreachd.rules.dkim_record import KeyKind, record_text
from outreachd.rules.finding import Check, Finding
from outreachd.rules.inquiry import Answer, Outcome, Question
from outreachd.store.database import Database
from outreachd.store.dkim import make_dkim_key
from outreachd.store.roster import read_pauses
from outreachd.store.steering import PgSteering
from outreachd.store.vault import Vault
from outreachd.wire.dns_records import Records
from tests.store.seed import NOW, seed_fleet
from tests.wire.names import NameServer, Zone, name_server

DOMAIN = "mail.acme.example"
FACTS = RelayFacts(addresses=("192.0.2.1",), helo="out.acme.example")
CHECKS = Checks(
    relays={"relay": FACTS},
    address_lists=("bl.example",),
    domain_lists=("dbl.example",),
)
ZONE: Zone = {
    (DOMAIN, "TXT"): ['"v=spf1 ip4:192.0.2.1 ~all"'],
    ("_dmarc.acme.example", "TXT"): ['"v=DMARC1; p=quarantine; sp=none"'],
    (DOMAIN, "MX"): ["10 out.acme.example."],
    ("out.acme.example", "A"): ["192.0.2.1"],
    ("1.2.0.192.in-addr.arpa", "PTR"): ["out.acme.example."],
    ("2.0.0.127.bl.example", "A"): ["127.0.0.2"],
    ("test.dbl.example", "A"): ["127.0.1.2"],
    ("a.root-servers.net", "A"): ["198.41.0.4"],
}


@pytest_asyncio.fixture
async def server(db: Database) -> AsyncIterator[NameServer]:
    """Seed a fleet with one domain, and a name server that knows it."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    async with name_server(dict(ZONE)) as server:
        yield server


def watch(db: Database, server: NameServer, checks: Checks = CHECKS) -> DomainWatch:
    """Watch with that name server."""
    return DomainWatch(db, checks, Records(server.resolver()))


async def findings(watch: DomainWatch) -> dict[Check, Finding]:
    """Look at the one domain."""
    [subject] = await watch.subjects()
    found = await watch.look(subject)
    return {check: one.finding for check, one in found.items()}


async def test_a_whole_look_over_real_dns(db: Database, server: NameServer) -> None:
    """Organisation's DMARC, relay's addresses, lists that live: all of it is seen."""
    async with db.connection() as connection:
        await connection.execute(
            'UPDATE domain SET dkim = \'{"selector": "o1", "sign": "ed25519"}\''
        )
    assert (await findings(watch(db, server)))[Check.DKIM] is Finding.MISSING
    async with db.connection() as connection:
        key, _ = await make_dkim_key(
            connection,
            Vault(b"k" * 32),
            1,
            "o1",
            KeyKind.ED25519,
            author="test",
            now=NOW,
        )
    server.zone[f"o1._domainkey.{DOMAIN}", "TXT"] = [f'"{record_text(key.public)}"']
    found = await findings(watch(db, server))
    assert set(found.values()) == {Finding.OK}, found


async def test_where_bounces_come_to_is_looked_at(
    db: Database, server: NameServer
) -> None:
    """The fleet says where; SPF, the way back and the alignment are of that domain."""
    async with db.connection() as connection:
        await connection.execute("UPDATE domain SET bounces_at = 'b.acme.example'")
    found = await findings(watch(db, server))
    assert (found[Check.SPF], found[Check.MX]) == (Finding.MISSING, Finding.MISSING)
    server.zone["b.acme.example", "TXT"] = server.zone[DOMAIN, "TXT"]
    server.zone["b.acme.example", "MX"] = server.zone[DOMAIN, "MX"]
    del server.zone[DOMAIN, "TXT"]
    found = await findings(watch(db, server))
    assert {found[one] for one in (Check.SPF, Check.MX, Check.DMARC)} == {Finding.OK}


async def test_a_dead_dns_never_stops_mail(db: Database, server: NameServer) -> None:
    """Looks for a month at a DNS that is away: all unknown, no pause, no grace used."""
    dead, alive = DomainWatch(db, CHECKS, _Dead()), watch(db, server)
    [subject] = await dead.subjects()
    for day in range(30):
        now = NOW + timedelta(days=day)
        found = await dead.look(subject)
        await dead.record(subject, found, now)
    assert {one.finding for one in found.values()} == {Finding.UNKNOWN}
    del server.zone[DOMAIN, "TXT"]
    await alive.record(subject, await alive.look(subject), now)
    async with db.connection() as connection:
        assert await read_pauses(connection, now) == []


class _Dead:
    """A DNS that is away."""

    async def answer(self, question: Question) -> Answer:
        """Tell nothing."""
        return Answer(Outcome.FAULT, why="away")


async def test_name_servers_that_deny_everything_accuse_nobody(
    db: Database, server: NameServer
) -> None:
    """A resolver that is set up wrongly says "no such name" to all: that is doubt."""
    server.zone.clear()
    found = await findings(watch(db, server))
    assert not any(finding.is_bad for finding in found.values()), found
    server.zone["a.root-servers.net", "A"] = ["198.41.0.4"]
    assert (await findings(watch(db, server)))[Check.SPF] is Finding.MISSING


async def test_each_domain_has_its_turn(db: Database, server: NameServer) -> None:
    """New ones first, then by the age of the last look; nothing is asked too soon."""
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO domain (name, account_ids, daily_limit, rate_per_minute,"
            " timezone) VALUES ('b.example', '{1}', 1, 1, 'UTC')"
        )
    watching = watch(db, server)
    waits = [
        await watching.turn(NOW + timedelta(seconds=second))
        for second in (0, 20, 40, 21_600, 21_620, 21_640)
    ]
    assert waits == [PACE_S, PACE_S, IDLE_S, PACE_S, PACE_S, IDLE_S]
    steering = PgSteering(db)
    assert sum((await steering.gauges(NOW)).domain_checks.values()) == 2 * len(Check)


async def test_without_domains_the_schedule_idles(db: Database) -> None:
    """And without name servers it accuses nobody."""
    watching = DomainWatch(db, CHECKS, _Dead())
    assert await watching.turn(NOW) == IDLE_S


async def test_a_bug_of_ours_is_nobodys_fault(
    db: Database, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that breaks a rule of ours leaves all unknown, and others their turn."""

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(domain_check, "check_mx", broken)
    assert set((await findings(watch(db, server))).values()) == {Finding.UNKNOWN}


async def test_a_relay_that_is_not_told_of_stays_unseen(
    db: Database, server: NameServer
) -> None:
    """Without [checks.relays] nothing is claimed of where letters come out."""
    checks = Checks(address_lists=(), domain_lists=())
    found = await findings(watch(db, server, checks))
    assert found[Check.SPF] is Finding.OK
    assert found[Check.PTR] is found[Check.HELO] is Finding.UNKNOWN
