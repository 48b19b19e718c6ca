"""``outreachd run``: the daemon, until SIGTERM or Ctrl-C.

A signal is an orderly end from the first moment on, also while all is still being
opened. An embedded PostgreSQL is started again should it die; logging is set up here
and nowhere else. Refused are settings by which letters would carry no way out.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Callable
from pathlib import Path

import click
import structlog

from outreachd import logs
from outreachd.clock import Clock
from outreachd.commands.base import (
    FailedError,
    MisusedError,
    config_option,
    desk,
    execute,
    settings_of,
)
from outreachd.config import Settings
from outreachd.daemon import Daemon
from outreachd.store.binaries import EmbeddedError
from outreachd.store.embedded import EmbeddedServer
from outreachd.web.gates import read_callers

log = structlog.get_logger()

TEND_S = 1.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


@click.command("run", help="Send, until SIGTERM or Ctrl-C ends it.")
@config_option
def command(config: Path | None) -> None:
    """Run the daemon."""
    execute(run(config))


async def run(config: Path | None) -> None:
    """Open the database, build the daemon, hand it the signals, live."""
    if settings_of(config).http.public.base_url is None:
        raise MisusedError(
            "[http.public] base_url is not set, so letters would carry no way out: "
            'set it to where recipients reach this machine, "https://out.example.org".'
        )
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in SIGNALS:  # from now on each is an orderly end
        loop.add_signal_handler(number, told.set)
    async with desk(config) as opened:
        daemon = Daemon(opened.settings, opened.dsn, control_token(opened.settings))
        end_log = logs.configure(
            opened.settings.log.level,
            opened.settings.log.format,
            daemon.metrics.log_dropped.inc,
        )
        for number in SIGNALS:
            loop.add_signal_handler(number, daemon.stop)
        if told.is_set():
            daemon.stop()
        tending = opened.server and asyncio.create_task(
            tend(opened.server, opened.clock, daemon.tell_server)
        )
        try:
            await daemon.run()
        finally:
            if tending:
                tending.cancel()
            end_log()


async def tend(
    server: EmbeddedServer, clock: Clock, tell: Callable[[str | None], None]
) -> None:
    """Start our own PostgreSQL again should it die, as often as that takes.

    Why it does not start is logged once, and told each time; None = it runs.
    """
    said = ""
    while True:
        await clock.sleep(TEND_S)
        try:
            await asyncio.to_thread(server.ensure_running)
            tell(None)
            said = ""
        except (EmbeddedError, OSError) as error:  # a full disk may be freed again
            tell(str(error))
            if str(error) != said:
                said = str(error)
                log.error("embedded.down", why=said)


def control_token(settings: Settings) -> str:
    """Read the control listener's tokens; one of our own is made at first start."""
    named = settings.http.control.token_file
    assert settings.state.directory is not None
    path = named or settings.state.directory / "control.token"
    if not path.exists() and named is None:
        part = path.with_suffix(".new")  # or a full disk would leave an empty token
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(32) + "\n")
        part.rename(path)
    text = path.read_text().strip()
    try:
        read_callers(text)
    except ValueError as error:
        raise FailedError(f"{path}: {error}.") from None
    return text
