"""The laws of making signing keys from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from outreachd.commands.base import FailedError, MisusedError
from outreachd.commands.dkim import command, dkim
from outreachd.rules.dkim_record import KeyKind
from outreachd.store.database import Database
from outreachd.wire.dns_records import Records
from tests.commands.calling import invoke
from tests.wire.names import Zone, name_server, texts

DOMAIN = "mail.acme.example"
ED = (("o1", KeyKind.ED25519),)
RSA = (("o2", KeyKind.RSA),)


async def make(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    wanted: Sequence[tuple[str, KeyKind]] = (),
    zone: Zone | None = None,
) -> list[dict[str, Any]]:
    """Make keys with a name server of our own."""
    async with name_server(zone or {}) as server:
        await dkim(DOMAIN, wanted, config, True, Records(server.resolver()))
    keys: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["keys"]
    return keys


async def test_a_key_is_made_shown_and_found_once_published(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made once; the same record again; and what is published is seen."""
    [key] = await make(config, capsys, RSA)
    assert (key["name"], key["made"]) == (f"o2._domainkey.{DOMAIN}", True)
    assert key["published"] == "missing"
    assert all(len(text) <= 255 for text in key["strings"])
    assert "".join(key["strings"]) == key["record"]
    [again] = await make(config, capsys, RSA, texts({key["name"]: key["record"]}))
    assert (again["record"], again["made"]) == (key["record"], False)
    assert again["published"] == "ok"


async def test_the_fleet_file_says_which_keys(
    config: Path, fleet: None, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both kinds: two keys, each under a name of its own."""
    async with db.connection() as connection:
        wish = '{"selector": "o1", "sign": "both"}'
        await connection.execute("UPDATE domain SET dkim = $1::jsonb", wish)
    keys = await make(config, capsys)
    assert [(key["selector"], key["kind"]) for key in keys] == [
        ("o1", "rsa"),
        ("o1-ed25519", "ed25519"),
    ]


async def test_people_see_a_zone_file_and_no_secret(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed can be put into a zone as it is."""
    for zone, words in (({}, "not published yet"), (None, "not known")):
        async with name_server(zone or {}) as server:
            if zone is None:
                server.faults[f"o1._domainkey.{DOMAIN}"] = "servfail"
            await dkim(DOMAIN, ED, config, False, Records(server.resolver()))
        told = capsys.readouterr().out
        assert f'o1._domainkey.{DOMAIN}. IN TXT ( "v=DKIM1; k=ed25519; p=' in told
        assert words in told
        assert "PRIVATE" not in told


async def test_what_cannot_be_made_is_said(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown domain, one that does not sign, a selector that is taken."""
    with pytest.raises(MisusedError, match=r"no domain .* in the fleet"):
        await dkim("x.example", ED, config, True)
    with pytest.raises(MisusedError, match="give --selector"):
        await dkim(DOMAIN, (), config, True)
    await make(config, capsys, ED)
    with pytest.raises(FailedError, match="choose another selector"):
        await dkim(DOMAIN, (("o1", KeyKind.RSA),), config, True)


@pytest.mark.parametrize("name", ["a b", "a.b", "o1\nx IN A 192.0.2.1", "", "\udcff"])
def test_a_selector_is_one_that_a_fleet_file_may_name(name: str) -> None:
    """What is printed goes into a zone file: nothing else may come of it."""
    result = CliRunner().invoke(command, ["x.example", "--selector", name])
    assert result.exit_code == 2
    assert "must be a DNS label" in result.output


async def test_the_verb_ends_with_its_code(config: Path, fleet: None) -> None:
    """Exit 2 and one sentence, as any verb that is given an unknown name."""
    told = invoke(command, "x.example", "--selector", "o1", "--config", str(config))
    assert told.exit_code == 2
    assert "no domain x.example" in told.output
