"""The laws of looking at the domains from the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.commands.domains import check
from outreachd.rules.model import Kind
from outreachd.store.database import Database
from outreachd.store.roster import read_pauses
from outreachd.store.steering import PgSteering
from outreachd.wire.dns_records import Records
from tests.wire.names import Zone, name_server

DOMAIN = "mail.acme.example"
WELL: Zone = {
    (DOMAIN, "TXT"): ['"v=spf1 ip4:192.0.2.1 ~all"'],
    (f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=none"'],
    (DOMAIN, "MX"): ["10 mx.acme.example."],
    ("mx.acme.example", "A"): ["192.0.2.1"],
}


async def look(config: Path, zone: Zone, *, as_json: bool = True) -> int:
    """Look with a name server of our own; tell the exit code."""
    lists = "address_lists = []\ndomain_lists = []\n"
    if "[checks]" not in config.read_text():
        config.write_text(f"{config.read_text()}[checks]\n{lists}")
    sure: Zone = {("a.root-servers.net", "A"): ["198.41.0.4"]}
    async with name_server(zone | sure) as server:
        try:
            await check(config, as_json, Records(server.resolver()))
        except SystemExit as ended:
            return int(str(ended.code))
    return 0


async def test_a_domain_that_is_well_passes(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0; what cannot be seen is said and is no failure."""
    assert await look(config, WELL) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    [one] = told["domains"]
    words = {check: found["finding"] for check, found in one["checks"].items()}
    assert words == {
        "spf": "ok",
        "dkim": "unknown",
        "dmarc": "ok",
        "mx": "ok",
        "ptr": "unknown",
        "helo": "unknown",
        "blocklist": "ok",
    }


async def test_what_is_missing_is_told_with_a_way_out(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, a table for people, and a line for each thing to mend."""
    assert await look(config, {}, as_json=False) == 1
    told = capsys.readouterr().out
    assert "domain" in told.splitlines()[0]
    assert told.splitlines()[1].startswith(f"{DOMAIN} ")  # whole, in 80 columns
    assert f"{DOMAIN}: spf: missing: {DOMAIN} has no SPF record: publish" in told
    assert "things to mend." in told


async def test_a_look_is_written_down_and_lets_go(
    config: Path, fleet: None, db: Database
) -> None:
    """Who has just mended a record need not wait for the daemon's next look."""
    await look(config, {})
    async with db.connection() as connection:
        long_ago = RealClock().now() - timedelta(hours=100)
        await connection.execute("UPDATE domain_check SET since = $1", long_ago)
    await look(config, {})
    async with db.connection() as connection:
        [pause] = await read_pauses(connection, RealClock().now())
    assert pause.kind is Kind.DOMAIN
    assert "has no SPF record" in pause.reason
    await look(config, WELL)
    status = await PgSteering(db).status(RealClock().now())
    assert status["pauses"] == []
    assert status["checks"] == []


async def test_without_domains_there_is_nothing_to_look_at(
    config: Path, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """And it is said how there would be."""
    assert await look(config, {}, as_json=False) == 0
    assert "outreachd apply" in capsys.readouterr().out
