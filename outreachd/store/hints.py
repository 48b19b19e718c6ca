"""Hints from the database: something was applied, imported, paused.

A hint only saves waiting; polling is the truth. The connection is its own, because a
pool forgets LISTEN when it takes one back. It is looked after: a dead link is noticed
within seconds, and after each new connection everybody is told to look anew, since
hints may have been missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum

import asyncpg
import structlog

from outreachd.clock import Clock
from outreachd.rules.records import LedgerAwayError
from outreachd.store.database import Database

log = structlog.get_logger()

CHECK_S = 15.0
AGAIN_S = 2.0


class Hint(StrEnum):
    """What happened; the value is the channel's name."""

    FLEET = "outreachd_fleet"
    WORK = "outreachd_work"
    PAUSE = "outreachd_pause"


class Hints:
    """Listens for as long as ``run()`` runs."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self, on_hint: Callable[[Hint], Awaitable[None]]) -> None:
        """Call ``on_hint`` for each hint, and for all after each new connection."""
        while True:
            try:
                await self._listen(on_hint)
            except (LedgerAwayError, OSError, asyncpg.PostgresError):
                log.debug("hints.away")
            await self._clock.sleep(AGAIN_S)

    async def _listen(self, on_hint: Callable[[Hint], Awaitable[None]]) -> None:
        # Each once: what many say while we look is found by the next look.
        heard = dict.fromkeys(Hint)
        something = asyncio.Event()
        something.set()

        def hear(_: object, __: int, channel: str, ___: object) -> None:
            heard[Hint(channel)] = None
            something.set()

        async with self._database.connection() as connection:
            try:
                for hint in Hint:
                    await connection.add_listener(hint.value, hear)
                while True:
                    try:
                        async with asyncio.timeout(CHECK_S):
                            await something.wait()
                    except TimeoutError:
                        await connection.fetchval("SELECT 1")
                    else:
                        something.clear()
                        while heard:
                            hint = next(iter(heard))
                            del heard[hint]
                            await on_hint(hint)
            finally:
                # Nobody else may get a connection that listens. Whatever a dead link
                # raises here would stand in place of our being cancelled, and we would
                # never end.
                with suppress(asyncpg.InterfaceError):  # already out of our hands
                    connection.terminate()
