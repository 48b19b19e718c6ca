"""Reads the settings: a TOML file and the environment become one frozen value.

The environment wins: ``OUTREACHD_SECTION__KEY``, e.g.
``OUTREACHD_HTTP__CONTROL__LISTEN``. Relative paths count from the settings file, or
from the working directory when there is none. The state directory is the one named,
else $STATE_DIRECTORY, else ``state`` there. Nothing is logged.
Errors: ConfigError with every mistake at once, each with file and line, or variable.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from outreachd.config import Http, Settings, State
from outreachd.config_health import Health
from outreachd.environment import misnamed_variables, variable_of
from outreachd.mistakes import ConfigError, Mistake, from_pydantic, unknown
from outreachd.toml_lines import KeyPath, TomlFile, read_toml


def load(path: Path | None) -> Settings:
    """Read the settings; raises ConfigError with everything that is wrong."""
    file = read_toml(path) if path else None
    mistakes = misnamed_variables(Settings.model_fields)
    sections = dict(file.tables) if file else {}
    for name in sections.keys() - Settings.model_fields.keys():
        del sections[name]
        message = unknown("section", name, Settings.model_fields)
        mistakes.append(_placed((name,), message, file))
    try:
        settings = Settings(**sections)
    except ValidationError as error:
        for where, message in from_pydantic(error, Settings):
            mistakes.append(_placed(where, message, file))
    if mistakes:
        raise ConfigError(sorted(mistakes, key=lambda mistake: mistake.line or 0))
    return _anchored(settings, (path.parent if path else Path()).absolute())


def load_health(path: Path) -> Health:
    """Read the rules of health alone, of a file that may hold nothing else."""
    file = read_toml(path)
    try:
        return Health(**file.tables.get("health", {}))
    except ValidationError as error:
        raise ConfigError(
            Mistake(path, file.line(("health", *where)), message)
            for where, message in from_pydantic(error, Health)
        ) from None


def _placed(where: KeyPath, message: str, file: TomlFile | None) -> Mistake:
    variable = variable_of(where)
    if variable or not file:
        return Mistake(
            None, None, f"{variable or '.'.join(map(str, where))}: {message}"
        )
    return Mistake(file.path, file.line(where), message)


def _anchored(settings: Settings, root: Path) -> Settings:
    """Make every path absolute, and find the state directory."""
    http, state = settings.http, settings.state.directory
    if state is None:
        given = os.environ.get("STATE_DIRECTORY")  # systemd; several are joined by :
        state = Path(given.partition(":")[0]) if given else Path("state")
    token = http.control.token_file
    control = http.control.model_copy(
        update={
            "listen": http.control.listen.below(root),
            "token_file": root / token if token else None,
        }
    )
    listen = http.public.listen
    public = http.public.model_copy(
        update={"listen": listen.below(root) if listen else None}
    )
    maildir = settings.inbox.maildir
    return settings.model_copy(
        update={
            "state": State(directory=root / state),
            "http": Http(control=control, public=public),
            "inbox": settings.inbox.model_copy(
                update={"maildir": root / maildir if maildir else None}
            ),
        }
    )
