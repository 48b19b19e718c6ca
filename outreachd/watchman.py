"""The watchman: looks now and then whether letters leave, and says when they stop.

One log line when they stop for another cause than before, one when they leave again,
and one of each account whose server accepts nothing, since others may go on meanwhile;
a metric that alerts can ask, and the sentence that ``/readyz`` tells. That nothing
waits to be sent is no news. Real seconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from outreachd.clock import Clock
from outreachd.logs import ADDRESS
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.standstill import TROUBLES, Cause, Now
from outreachd.telemetry import Metrics

log = structlog.get_logger()

LOOK_S = 15.0
# What asks many campaigns costs the database something: a long standstill less often.
LONG_LOOK_S = 45.0
LONG_AFTER = 4  # looks that found the same

AWAY = Now(Cause.DATABASE, "nothing is sent: the database is away")
QUIET = (Cause.SENDING, Cause.NOTHING, Cause.STANDBY)


class Watchman:
    """What this daemon knows of whether letters leave."""

    def __init__(
        self,
        look: Callable[[], Awaitable[Now]],
        silent: Callable[[], Mapping[str, tuple[float, str]]],
        metrics: Metrics,
        house: Clock,
    ) -> None:
        self._look = look
        self._silent = silent  # accounts that accept nothing: for how long, and why
        self._metrics = metrics
        self._house = house
        self._said = Cause.STANDBY
        self._alike = 0
        self._known: set[str] = set()  # accounts that were said to be silent
        self.now = Now(Cause.STANDBY, "standby")

    async def watch(self) -> None:
        """Look for ever; a database that is away is what was seen, and no end."""
        while True:
            try:
                self._see(await self._look())
            except LedgerAwayError:
                self._see(AWAY)
                raise
            is_long = self._alike >= LONG_AFTER
            await self._house.sleep(LONG_LOOK_S if is_long else LOOK_S)

    def reason(self) -> str | None:
        """Say why nothing leaves; None = letters leave, or none waits.

        Without the addresses that a server may have said: who asks shows no token.
        """
        if self.now.cause in QUIET:
            return None
        return ADDRESS.sub("***@", self.now.sentence)

    def _see(self, now: Now) -> None:
        self._alike = self._alike + 1 if now.cause is self.now.cause else 0
        self.now = now
        self._metrics.now.show({now.cause: 1})
        self._tell_silent()
        if now.cause is self._said or now.cause in (Cause.NOTHING, Cause.STANDBY):
            return
        if now.cause is Cause.SENDING:
            if self._said not in QUIET:
                log.info("sending.resumed")
        elif now.cause is not Cause.DATABASE:  # which is told where it is found
            tell = log.warning if now.cause in TROUBLES else log.info
            tell("sending.stopped", cause=now.cause.value, why=now.sentence)
        self._said = now.cause

    def _tell_silent(self) -> None:
        """Say once of each account that its server accepts nothing, or does again."""
        silent = self._silent()
        self._metrics.silent.show({name: for_s for name, (for_s, _) in silent.items()})
        for name in silent.keys() - self._known:
            log.warning("account.silent", name=name, why=silent[name][1])
        for name in self._known - silent.keys():
            log.info("account.answers", name=name)
        self._known = set(silent)
