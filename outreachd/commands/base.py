"""What every verb shares: options, the opened database, errors told to people.

A verb is a click command whose body is a coroutine run by ``execute``. Errors are one
sentence and a way out, never a traceback: exit 0 done, 1 the thing asked for failed,
2 wrong usage or configuration, which a name that the fleet does not have is too. Output
goes to stdout, all talk to stderr.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
import uvloop

from outreachd.clock import Clock, RealClock
from outreachd.config import Settings
from outreachd.config_file import load
from outreachd.mistakes import ConfigError
from outreachd.rules.records import LedgerAwayError
from outreachd.store.binaries import EmbeddedError
from outreachd.store.database import Database, DatabaseError, UnfitError
from outreachd.store.datadir import make_parents
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.journal import JournalError
from outreachd.store.migrate import SchemaError, migrate, pending
from outreachd.store.roster import RosterError
from outreachd.store.steering import NoSuchError, UnknownNameError
from outreachd.store.vault import Vault, VaultError
from outreachd.web.server import ListenError

FAILED = 1
MISUSED = 2
CLOSE_S = 5.0
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # of where the output goes

# The way out of a name that nothing has.
AS_APPLIED = "write it as the fleet file does"

# Where settings are looked for when --config does not say.
USUAL_PLACES = (Path("config/outreachd.toml"), Path("/etc/outreachd/outreachd.toml"))

# What can go wrong without being a bug: `sentence` tells it with a way out.
EXPECTED = (
    DatabaseError,
    EmbeddedError,
    JournalError,
    LedgerAwayError,
    ListenError,
    NoSuchError,
    PermissionError,
    RosterError,
    SchemaError,
    VaultError,
)

Verb = TypeVar("Verb", bound=Callable[..., Any])


class FailedError(Exception):
    """The thing asked for failed; the text is for people."""


class MisusedError(Exception):
    """The call or a file it names is wrong; the text is for people."""


@dataclass(slots=True)
class Desk:
    """What a verb works with."""

    settings: Settings
    dsn: str
    database: Database
    vault: Vault
    clock: Clock
    server: EmbeddedServer | None

    @property
    def state(self) -> Path:
        """The state directory."""
        return state_directory(self.settings)


def config_option(verb: Verb) -> Verb:
    """Add ``--config FILE``."""
    return click.option(
        "--config",
        "config",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="Settings file; else $OUTREACHD_CONFIG, config/outreachd.toml, "
        "/etc/outreachd/outreachd.toml.",
    )(verb)


def json_option(verb: Verb) -> Verb:
    """Add ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Machine-readable output."
    )(verb)


def yes_option(verb: Verb) -> Verb:
    """Add ``--yes``."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(verb)


def settings_of(config: Path | None) -> Settings:
    """Read the settings from the file named, or from the usual places."""
    return load(settings_file(config))


def settings_file(config: Path | None) -> Path | None:
    """Find the settings: the file named, or a usual place; None = there is none."""
    if config is not None:
        return config
    named = os.environ.get("OUTREACHD_CONFIG")
    places = (Path(named),) if named else USUAL_PLACES
    found = next((place for place in places if place.is_file()), None)
    if found is None and named:
        raise MisusedError(
            f"$OUTREACHD_CONFIG names {named}, which is no file: mend or unset it."
        )
    return found


def state_directory(settings: Settings) -> Path:
    """Tell the state directory, made if it is missing."""
    directory = settings.state.directory
    assert directory is not None  # load() fills it
    try:
        make_parents(directory)
        next(directory.iterdir(), None)  # a file of this name is no place either
    except PermissionError:
        raise
    except OSError as error:
        raise FailedError(
            f"{directory} cannot be used ({(error.strerror or 'no reason').lower()}):"
            " name another in [state] directory."
        ) from None
    return directory


@asynccontextmanager
async def desk(config: Path | None, *, migrated: bool = True) -> AsyncIterator[Desk]:
    """Open the database of a verb, starting an embedded server if that is the one.

    ``migrated``: bring the schema of an embedded database up to date, and refuse any
    other that is not.
    """
    settings = settings_of(config)
    state = state_directory(settings)
    server = None
    dsn = settings.database.dsn
    if dsn == "embedded":
        server = await asyncio.to_thread(EmbeddedServer.start, state / "postgres")
        dsn = server.dsn()
    try:
        vault = Vault.unlock(state)
        database = await Database.open(dsn)
        try:
            clock = RealClock()
            if migrated:
                await _bring_up_to_date(database, clock, server is not None)
            yield Desk(settings, dsn, database, vault, clock, server)
        finally:
            await database.close(CLOSE_S)
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


async def _bring_up_to_date(database: Database, clock: Clock, is_ours: bool) -> None:
    async with database.connection() as connection:
        if is_ours:
            await migrate(connection, clock)
        elif missing := await pending(connection):
            raise FailedError(
                f"the database lacks {', '.join(missing)}: run `outreachd migrate`."
            )


def execute(main: Coroutine[Any, Any, None]) -> None:
    """Run a verb; tell what went wrong as a sentence and end with its exit code."""
    try:
        uvloop.run(main)
    except (ConfigError, MisusedError) as error:
        _end(str(error), MISUSED)
    except UnknownNameError as error:
        _end(sentence(error), MISUSED)
    except (FailedError, *EXPECTED) as error:
        _end(sentence(error), FAILED)
    except UnfitError as error:
        _end(f"{error}.", MISUSED)
    except OSError as error:
        if error.errno not in FULL:
            raise
        # What is left of the output would fail once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        why = (error.strerror or "it is full").lower()
        _end(f"the output cannot be written: {why}.", FAILED)
    except KeyboardInterrupt:
        _end("interrupted.", FAILED)


def sentence(error: Exception) -> str:
    """Say what was expected to go wrong at times, with a way out."""
    match error:
        case LedgerAwayError():
            way = "see that it runs and that [database] dsn names it, then try again"
            return f"{error}: {way}."
        case PermissionError():
            return _forbidden(error)
        case UnknownNameError():
            return f"{error}: {AS_APPLIED}."
        case NoSuchError():
            return f"{error}."
        case _:
            return str(error)


def _forbidden(error: PermissionError) -> str:
    """Say whose a file is that we may not use: mostly the state, by `sudo` or not."""
    path = Path(os.fsdecode(error.filename or "."))
    owner = "its owner"
    for place in (path.parent, path):  # of the nearest one that tells
        with suppress(OSError, KeyError):
            owner = place.owner()
    return f"{path} is not open to us: run this as {owner}."


def _end(sentence: str, code: int) -> None:
    click.echo(f"outreachd: {sentence}", err=True)
    sys.exit(code)


def show_json(value: object) -> None:
    """Print one JSON object."""
    click.echo(msgspec.json.encode(value, enc_hook=str, order="deterministic").decode())


def author() -> str:
    """Name who does this, for the audit."""
    return f"cli:{os.environ.get('SUDO_USER') or os.environ.get('USER') or os.getuid()}"
