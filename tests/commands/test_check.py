"""The laws of the check before the first letter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.commands.check import check, findings
from outreachd.commands.machine import Level
from outreachd.rules.dkim_record import KeyKind
from outreachd.store.database import Database
from outreachd.store.dkim import make_dkim_key
from outreachd.store.vault import Vault


async def found(config: Path) -> Mapping[str, tuple[Level, str]]:
    """Take the last finding of each kind."""
    return {one.what: (one.level, one.text) async for one in findings(config)}


async def relay(db: Database) -> asyncio.Server:
    """Start a server that greets, and let the fleet's account be that."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.example ESMTP\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with db.connection() as connection:
        await connection.execute("UPDATE account SET port = $1", port)
    return server


async def test_all_that_is_fit_passes(
    config: Path, fleet: None, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a thing, exit 0, and nothing was sent."""
    server = await relay(db)
    await check(config, False)
    told = capsys.readouterr().out
    assert "ok    account relay: 127.0.0.1:" in told
    assert "greets as mx.example ESMTP" in told
    assert "warn  opt-out: [http.public] listen is not set" in told
    assert told.endswith("All is fit.\n")
    server.close()
    await server.wait_closed()


async def test_a_failure_is_told_and_ends_with_one(
    config: Path, fleet: None, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts see the exit code, people the line, programs the JSON."""
    gone = await relay(db)  # nobody listens there once it is closed
    gone.close()
    await gone.wait_closed()
    with pytest.raises(SystemExit) as ended:
        await check(config, True)
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    [failed] = [one for one in told["checks"] if one["level"] == "FAIL"]
    assert failed["what"] == "account relay"
    with pytest.raises(SystemExit):
        await check(config, False)
    assert capsys.readouterr().out.endswith("1 failure.\n")


async def test_the_settings_that_count_are_named(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who edits a file that nobody reads finds out here."""
    assert (await found(config))["settings"] == (Level.OK, str(config))
    monkeypatch.setenv("OUTREACHD_CONFIG", str(config))
    told = [finding async for finding in findings(None)]
    assert told[0].text == str(config)


async def test_without_a_way_to_opt_out_nothing_is_fit(
    config: Path, fleet: None
) -> None:
    """A letter whose opt-out leads nowhere must not leave."""
    base_url = 'base_url = "https://out.example.org"'
    config.write_text(config.read_text().replace(base_url, ""))
    level, text = (await found(config))["opt-out"]
    assert level is Level.FAIL
    assert "base_url is not set" in text


async def test_an_empty_fleet_is_no_failure(config: Path) -> None:
    """Before the first apply there is nothing that could fail, but a hint."""
    told = await found(config)
    assert told["fleet"][0] is Level.WARN
    assert "outreachd apply" in told["fleet"][1]
    assert told["database"][0] is Level.OK
    assert all(level is not Level.FAIL for level, _ in told.values())


async def test_a_database_that_is_away_stops_only_what_needs_it(
    config: Path, state: Path
) -> None:
    """All else is looked at all the same."""
    lines = config.read_text().splitlines()
    lines[1] = 'dsn = "postgresql://x@127.0.0.1:1/y"'
    config.write_text("\n".join(lines))
    told = await found(config)
    assert told["database"][0] is Level.FAIL
    assert told["database"][1].endswith("then try again.")
    assert told["state"][0] is Level.OK


async def test_passwords_must_be_there_and_open(
    config: Path, fleet: None, db: Database, state: Path
) -> None:
    """A login without a password, or one sealed by a lost key, fails before dawn."""
    async with db.connection() as connection:
        await connection.execute("UPDATE account SET username = 'u'")
    level, text = (await found(config))["passwords"]
    assert level is Level.FAIL
    assert "no password" in text
    put = "INSERT INTO secret SELECT 'account', id, $1 FROM account"
    async with db.connection() as connection:
        id = await connection.fetchval("SELECT id FROM account")
        await connection.execute(put, Vault(bytes(32)).seal("account", id, "secret"))
    level, text = (await found(config))["passwords"]
    assert level is Level.FAIL
    assert "another key" in text
    async with db.connection() as connection:
        sealed = Vault.unlock(state).seal("account", id, "secret")
        await connection.execute("UPDATE secret SET ciphertext = $1", sealed)
    assert (await found(config))["passwords"] == (Level.OK, "1 open with this key")


async def test_a_pool_without_mailboxes_is_a_warning(
    config: Path, fleet: None, db: Database
) -> None:
    """Such a campaign never sends, and nobody would notice."""
    async with db.connection() as connection:
        await connection.execute("DELETE FROM campaign_mailbox")
    assert (await found(config))["fleet"] == (
        Level.WARN,
        "campaign spring has no mailbox in its pool",
    )


async def test_facts_of_a_relay_that_nobody_uses_are_a_warning(
    config: Path, fleet: None
) -> None:
    """A name that was misspelt would leave the relay unseen without a word."""
    config.write_text(f"{config.read_text()}[checks.relays.rely]\nhelo = 'a.example'\n")
    level, text = (await found(config))["fleet"]
    assert level is Level.WARN
    assert "[checks.relays.rely]" in text


async def test_signing_keys_must_be_there_and_open(
    config: Path, fleet: None, db: Database, state: Path
) -> None:
    """A domain that has no key yet is a warning, one whose key is lost a failure."""
    async with db.connection() as connection:
        await connection.execute(
            'UPDATE domain SET dkim = \'{"selector": "o1", "sign": "ed25519"}\''
        )
        level, text = (await found(config))["signing"]
        assert level is Level.WARN
        assert "outreachd dkim mail.acme.example" in text
        id = await connection.fetchval("SELECT id FROM domain")
        vault, now = Vault.unlock(state), RealClock().now()
        key, _ = await make_dkim_key(
            connection, vault, id, "o1", KeyKind.ED25519, author="test", now=now
        )
        assert (await found(config))["signing"] == (Level.OK, "1 key open")
        sealed = Vault(bytes(32)).seal("dkim", key.id, "secret")
        await connection.execute("UPDATE secret SET ciphertext = $1", sealed)
    level, text = (await found(config))["signing"]
    assert level is Level.FAIL
    assert "o1 of mail.acme.example does not open" in text
