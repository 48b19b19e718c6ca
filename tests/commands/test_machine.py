"""The laws of looking at the machine before the first letter."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from outreachd.commands import client, machine, selftest
from outreachd.commands.base import settings_of
from outreachd.commands.machine import Finding, Level, bind_fault
from outreachd.listen import TcpListen, UnixListen
from outreachd.store.vault import Vault
from tests.commands.conftest import Helm


@pytest.fixture
def config(tmp_path: Path, state: Path, port: int) -> Path:
    """Write a settings file; no database is needed here."""
    file = tmp_path / "outreachd.toml"
    file.write_text(
        f'[state]\ndirectory = "{state}"\n'
        f'[http.control]\nlisten = "127.0.0.1:{port}"\n[http.public]\n'
    )
    return file


async def seen(config: Path) -> list[Finding]:
    """Look at all of the machine."""
    settings = settings_of(config)
    return [
        *machine.python(),
        *machine.state(settings),
        *[finding async for finding in machine.listeners(settings)],
    ]


async def found(config: Path) -> dict[str, tuple[Level, str]]:
    """Take the last finding of each kind."""
    return {one.what: (one.level, one.text) for one in await seen(config)}


async def test_a_machine_that_is_fit_has_no_failure(config: Path) -> None:
    """Python, state and listeners each say that they are fit."""
    told = await found(config)
    assert {what: level for what, (level, _) in told.items()} == {
        "python": Level.OK,
        "state": Level.OK,
        "http.control": Level.OK,
    }


async def test_secrets_that_others_may_read_are_failures(
    config: Path, state: Path
) -> None:
    """S-rule: key and token are for one user only; the state is written by one."""
    Vault.unlock(state)
    (state / "control.token").chmod(0o644)
    assert (await found(config))["control token"][0] is Level.FAIL
    state.chmod(0o777)
    level, text = (await found(config))["state"]
    assert level is Level.FAIL
    assert "written by others" in text
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
    for finding in await seen(config):
        if finding.what == "state":
            assert finding.text.endswith("will be made")
            assert not (tmp_path / "new").exists()


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


async def test_what_is_wrong_with_python_is_a_failure(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S20: an old library or a lenient parser is told before it matters."""
    monkeypatch.setattr(selftest, "old_libraries", lambda: ["x 1 is too old"])
    monkeypatch.setattr(selftest, "has_strict_parser", lambda: False)
    faults = [one.text for one in await seen(config) if one.what == "python"]
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
