"""The laws of the check before the first letter."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from outreachd.commands import client, selftest
from outreachd.commands.check import Level, bind_fault, check, findings
from outreachd.listen import TcpListen, UnixListen
from outreachd.store.database import Database
from outreachd.store.vault import Vault
from tests.commands.conftest import Helm


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
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts see the exit code, people the line, programs the JSON."""
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
    assert told["state"][0] is Level.OK


async def test_secrets_that_others_may_read_are_failures(
    config: Path, state: Path
) -> None:
    """S-rule: key and token are for one user only; the state is written by one."""
    Vault.unlock(state)
    (state / "control.token").chmod(0o644)
    assert (await found(config))["control token"][0] is Level.FAIL
    state.chmod(0o777)
    seen = [one async for one in findings(config)]
    assert any(one.what == "state" and "written by others" in one.text for one in seen)
    state.chmod(0o700)
    (state / "secret.key").chmod(0o644)
    level, text = (await found(config))["state"]
    assert level is Level.FAIL
    assert "chmod 600" in text


async def test_a_named_token_file_must_be_there(config: Path, tmp_path: Path) -> None:
    """Only a token of our own is made at the first start."""
    text = config.read_text().replace(
        "[http.public]", f'token_file = "{tmp_path}/nope"\n[http.public]'
    )
    config.write_text(text)
    assert "nope is missing" in (await found(config))["control token"][1]


async def test_a_missing_state_directory_is_not_made(
    config: Path, tmp_path: Path
) -> None:
    """A look changes nothing that it need not."""
    text = config.read_text().replace(f'"{tmp_path}/state"', f'"{tmp_path}/new"')
    config.write_text(text)
    async for finding in findings(config):
        if finding.what == "state":
            assert finding.text.endswith("will be made")
            assert not (tmp_path / "new").exists()


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


async def test_a_running_daemon_holds_the_listeners(config: Path, helm: Helm) -> None:
    """Its port is taken by the right one."""
    assert (await found(config))["http"] == (Level.OK, "a daemon answers: active")


async def test_a_taken_port_is_a_failure(
    config: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else uses is told with the setting to change."""
    monkeypatch.setattr(client, "READY_LIMIT_S", 0.1)  # for who never answers
    with socket.create_server(("127.0.0.1", port)):
        level, text = (await found(config))["http.control"]
    assert level is Level.FAIL
    assert "change [http.control] listen" in text


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


async def test_what_is_wrong_with_python_is_a_failure(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S20: an old library or a lenient parser is told before it matters."""
    monkeypatch.setattr(selftest, "old_libraries", lambda: ["x 1 is too old"])
    monkeypatch.setattr(selftest, "has_strict_parser", lambda: False)
    faults = [one.text async for one in findings(config) if one.what == "python"]
    assert faults == [
        "x 1 is too old",
        "aiohttp runs without its parser in C: install its wheel",
    ]


def test_addresses_are_tried_as_the_daemon_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A free one has no fault, whatever its kind; a taken or impossible one has."""
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    free, missing = UnixListen(Path("c.sock")), UnixListen(Path("no/c.sock"))
    assert bind_fault(free) is None
    assert bind_fault(missing) == "no such file or directory"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("c.sock")
        other.listen()
        assert bind_fault(free) == "c.sock is used by another program"
    assert bind_fault(free) is None  # a dead socket is replaced
    assert bind_fault(TcpListen("192.0.2.1", 9)) is not None
