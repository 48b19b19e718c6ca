"""What `outreachd run` says when it cannot run: a sentence with a way out, no more."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result

from outreachd.__main__ import main
from outreachd.store.embedded import EmbeddedServer
from tests.daemon.rig import world

# A settings file, and what is said of it: line and sentence.
BROKEN = {
    "unknown section": ("[sned]\n", '1: unknown section "sned": did you mean "send"?'),
    "unknown key": (
        "[send]\nlease = 15\n",
        '2: unknown key "lease": did you mean "lease_s"?',
    ),
    "wrong type": ('[send]\nlease_s = "15"\n', "2: lease_s must be a number"),
    "wrong unit": ("[send]\nlease_s = 15000\n", "2: lease_s must be at most 300"),
    "negative": (
        "[send]\nmax_in_flight = -1\n",
        "2: max_in_flight must be at least 1",
    ),
    "not a number": (
        "[send.limits]\ndot_s = nan\n",
        "2: dot_s must be a finite number",
    ),
    "grace too short": (
        "[send]\nuncertain_grace_s = 60\n",
        (
            "2: uncertain_grace_s must be at least 675: limits.dot_s + lease_s + 60, "
            "or a letter still being accepted goes twice"
        ),
    ),
    "open control": (
        '[http.control]\nlisten = "0.0.0.0:8025"\n',
        "2: listen must be a loopback address or unix:PATH: control is private",
    ),
    "no port": (
        '[http.public]\nlisten = "127.0.0.1"\n',
        '2: listen must be "ADDRESS:PORT", such as "127.0.0.1:8025", or "unix:PATH"',
    ),
    "unknown level": (
        '[log]\nlevel = "loud"\n',
        "2: level must be one of 'debug', 'info', 'warning', 'error'",
    ),
    "other database": (
        '[database]\ndsn = "mysql://db/x"\n',
        '2: dsn must be "embedded" or "postgresql://USER@HOST,HOST/DATABASE"',
    ),
    "no web address": (
        '[http.public]\nbase_url = "out.example.org"\n',
        '2: base_url must be a web address such as "https://out.example.org"',
    ),
    "no TOML": (
        "[send\n",
        "1: is not TOML: Expected ']' at the end of a table declaration",
    ),
    "a key twice": (
        "[log]\nlevel = 'info'\nlevel = 'debug'\n",
        "3: is not TOML: Cannot overwrite a value",
    ),
    "no UTF-8": ("[log]\nlevel = '\udcff'\n", "2: must be UTF-8 text"),
}


def run(config: Path) -> Result:
    """Run the verb in this process: nothing of it gets past its settings."""
    return CliRunner().invoke(main, ["run", "--config", str(config)])


def really_run(config: Path) -> subprocess.CompletedProcess[str]:
    """Run the program as people do, until it ends by itself."""
    command = [sys.executable, "-m", "outreachd", "run", "--config", str(config)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=90
    )


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_setting_is_named_with_its_line(tmp_path: Path, fault: str) -> None:
    """Configuration 74: exit code 2, file and line, no traceback, nothing started."""
    text, said = BROKEN[fault]
    config = tmp_path / "outreachd.toml"
    config.write_bytes(text.encode(errors="surrogateescape"))
    result = run(config)

    assert result.exit_code == 2, result.output
    assert result.stderr == f"outreachd: {config}:{said}\n"
    assert not result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["outreachd.toml"]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Configuration 74: nobody mends a file one start at a time."""
    config = tmp_path / "outreachd.toml"
    config.write_text("[send]\nlease = 1\nmax_in_flight = 0\n[log]\nlevel = 1\n")
    result = run(config)

    assert result.exit_code == 2
    assert [f"{config}:{n}:" in result.stderr for n in (2, 3, 5)] == [True] * 3


def test_the_real_program_says_the_same(tmp_path: Path) -> None:
    """Configuration 74: as a process too, on standard error, without a password."""
    config = tmp_path / "outreachd.toml"
    config.write_text(
        '[database]\ndsn = "postgresql://u:canary@h@h/x"\n[send]\nx = 1\n'
    )
    done = really_run(config)

    assert done.returncode == 2, done.stderr
    assert not done.stdout
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr


async def test_a_schema_that_is_older_is_refused(
    tmp_path: Path, pg_server: EmbeddedServer, pg_admin: asyncpg.Connection[Any]
) -> None:
    """Database 58: exit code 1, what is missing, and the verb that applies it."""
    await pg_admin.execute("CREATE DATABASE bare")
    config = tmp_path / "outreachd.toml"
    config.write_text(
        f'[database]\ndsn = "{pg_server.dsn("bare")}"\n'
        '[http.public]\nbase_url = "https://out.example.org"\n'
    )
    done = await asyncio.to_thread(really_run, config)
    await pg_admin.execute("DROP DATABASE bare WITH (FORCE)")

    assert done.returncode == 1, done.stderr
    assert "run `outreachd migrate`" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


async def test_what_is_taken_is_said_at_the_start(
    tmp_path: Path, database_url: str
) -> None:
    """81: a second process on one state directory or port ends with a sentence."""
    async with world(tmp_path, database_url) as w:
        await w.furnish(mailboxes=2)
        first = w.start("a")
        await first.until_said("daemon.ready")
        same_state = w.start("a")
        assert await same_state.ended() == 1
        said = same_state.log.read_text().splitlines()[-1]
        assert said.startswith("outreachd: another outreachd works in "), said
        (tmp_path / "state-b").mkdir(mode=0o700)
        port = first.control.rpartition(":")[2]
        environment = {"OUTREACHD_HTTP__CONTROL__LISTEN": f"127.0.0.1:{port}"}
        same_port = w.start("b", env=environment)
        assert await same_port.ended() == 1
        said = same_port.log.read_text().splitlines()[-1]
        assert "cannot listen on 127.0.0.1" in said, said
        assert "[http.control] listen" in said, said
        assert "Traceback" not in same_port.log.read_text()
