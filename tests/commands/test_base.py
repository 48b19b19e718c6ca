"""The laws that every verb shares: where settings are, how errors are told."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import click
import pytest
from click.testing import CliRunner

from outreachd.commands.base import (
    FailedError,
    MisusedError,
    author,
    config_option,
    desk,
    execute,
    json_option,
    settings_file,
    settings_of,
    show_json,
    state_directory,
)
from outreachd.mistakes import ConfigError, Mistake
from outreachd.rules.records import LedgerAwayError
from outreachd.store.database import Database, UnfitError
from outreachd.store.steering import NoSuchError, UnknownNameError
from tests.commands.calling import invoke


def failing(error: BaseException) -> click.Command:
    """Make a verb that fails like this."""

    async def fail() -> None:
        raise error

    @click.command()
    @config_option
    @json_option
    def verb(config: Path | None, as_json: bool) -> None:
        execute(fail())

    return verb


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FailedError("it failed."), 1),
        (LedgerAwayError("the database is away"), 1),
        (NoSuchError("there is no suppression 7"), 1),
        (UnknownNameError("there is no domain 'x' in the fleet"), 2),
        (MisusedError("say it otherwise."), 2),
        (ConfigError([Mistake(Path("a.toml"), 3, "unknown key")]), 2),
        (UnfitError("a name is none that can be kept"), 2),
        (KeyboardInterrupt(), 1),
    ],
)
def test_what_went_wrong_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int
) -> None:
    """1 = the thing asked for failed, 2 = wrong usage; no traceback, nothing else."""
    result = CliRunner().invoke(failing(error), [])
    assert result.exit_code == code
    assert result.stderr.startswith("outreachd: ")
    assert isinstance(error, ConfigError) or result.stderr.endswith(".\n")
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_a_database_that_is_away_is_told_with_what_to_look_at() -> None:
    """What the network says of it is no help to whoever reads it alone."""
    result = CliRunner().invoke(failing(LedgerAwayError("the database is away")), [])
    assert "see that it runs and that [database] dsn names it" in result.stderr


def test_a_name_that_nothing_has_is_told_with_a_way_out() -> None:
    """Names are the fleet file's: there the right one stands."""
    error = UnknownNameError("there is no domain 'x' in the fleet")
    told = CliRunner().invoke(failing(error), []).stderr
    assert told.endswith("in the fleet: write it as the fleet file does.\n")


def test_an_output_that_is_full_is_told() -> None:
    """A report that goes to a full disk ends with a sentence, once."""
    code = (
        "from outreachd.commands.base import execute, show_json\n"
        "async def tell(): show_json('x' * 100_000)\n"
        "execute(tell())\n"
    )
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert told.returncode == 1
    assert told.stderr == (
        b"outreachd: the output cannot be written: no space left on device.\n"
    )


@pytest.mark.parametrize("place", ["/proc/outreachd", "/dev/null", "/dev/null/state"])
def test_a_state_directory_that_cannot_be_is_told(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Where it would be is a file, or takes no directory: the setting is named."""
    monkeypatch.setenv("OUTREACHD_STATE__DIRECTORY", place)
    with pytest.raises(FailedError, match=rf"^{place} .*\[state\] directory"):
        state_directory(settings_of(None))


def test_a_bug_is_loud() -> None:
    """What nobody expected is not dressed up as a mistake of the user."""
    result = CliRunner().invoke(failing(ZeroDivisionError()), [])
    assert isinstance(result.exception, ZeroDivisionError)


def test_settings_are_found_where_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option wins, then the environment, then the usual places, then defaults."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUTREACHD_CONFIG", raising=False)
    assert settings_of(None).send.lease_s == 15.0
    for name, lease_s in (("config/outreachd", 16), ("env", 17), ("option", 18)):
        file = tmp_path / f"{name}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"[send]\nlease_s = {lease_s}.0\n")
    assert settings_of(None).send.lease_s == 16.0
    monkeypatch.setenv("OUTREACHD_CONFIG", "env.toml")
    assert settings_of(None).send.lease_s == 17.0
    assert settings_of(tmp_path / "option.toml").send.lease_s == 18.0
    assert settings_file(None) == Path("env.toml")


def test_a_named_file_that_is_missing_is_no_reason_to_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defaults instead of the wanted settings would be another fleet."""
    monkeypatch.setenv("OUTREACHD_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(MisusedError, match=r"none\.toml, which is no file"):
        settings_of(None)


def test_the_state_directory_is_ours_alone(tmp_path: Path) -> None:
    """Made at first use, closed to others."""
    file = tmp_path / "a.toml"
    file.write_text('[state]\ndirectory = "deep/state"\n')
    directory = state_directory(settings_of(file))
    assert directory == tmp_path / "deep/state"
    # Root lets the server's user pass through; nobody else can read or write.
    assert directory.stat().st_mode & 0o066 == 0


def test_json_is_one_line_with_keys_in_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same thing is always written the same way, instants and ids too."""
    show_json({"b": datetime(2026, 8, 3, tzinfo=UTC), "a": {"y": UUID(int=0), "x": 1}})
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert list(json.loads(told)) == ["a", "b"]
    assert told.index('"x"') < told.index('"y"')


def test_the_audit_names_the_person_behind_sudo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Root did nothing; somebody did it as root."""
    monkeypatch.setenv("USER", "root")
    monkeypatch.setenv("SUDO_USER", "ann")
    assert author() == "cli:ann"
    monkeypatch.delenv("SUDO_USER")
    assert author() == "cli:root"
    monkeypatch.delenv("USER")
    assert author().startswith("cli:")


async def test_a_desk_has_all_a_verb_needs(config: Path, state: Path) -> None:
    """Database, keys and clock are there, and are put away at the end."""
    async with desk(config) as opened:
        async with opened.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM send") == 0
        assert opened.state == state
        assert (state / "secret.key").exists()
    with pytest.raises(LedgerAwayError):
        async with opened.database.connection():
            pass


async def test_a_database_that_is_behind_is_refused_and_says_what_to_do(
    config: Path, db: Database, pg_admin: asyncpg.Connection[asyncpg.Record]
) -> None:
    """No verb works on a schema it does not know; migrate is the one that may."""
    async with db.connection() as connection:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    with pytest.raises(FailedError, match="run `outreachd migrate`"):
        async with desk(config):
            pass
    async with desk(config, migrated=False):
        pass


async def test_an_unreachable_database_is_a_sentence(tmp_path: Path) -> None:
    """Exit 1, and nothing of the password."""
    file = tmp_path / "a.toml"
    file.write_text('[database]\ndsn = "postgresql://u:secret@127.0.0.1:1/x"\n')
    from outreachd.commands.status import command

    result = invoke(command, "--config", str(file))
    assert result.exit_code == 1
    assert "secret" not in result.output
    assert "Traceback" not in result.output


def test_what_is_closed_to_us_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The state of a daemon that root runs: say whose it is, and show no traceback."""
    key = tmp_path / "secret.key"
    key.touch()

    async def verb() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(key))

    with pytest.raises(SystemExit, match="1"):
        execute(verb())
    assert capsys.readouterr().err == (
        f"outreachd: {key} is not open to us: run this as {key.owner()}.\n"
    )
