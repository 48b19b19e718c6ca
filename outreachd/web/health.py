"""``/v1/health``: how everybody stands, what was decided, and a person's yes.

GET lists standings (``?name=`` for one, ``?ill=true`` for those who are not well) with
the decisions of the last days; POST to a suggestion does what it suggests. A pause of
health is ended like any other, by resuming whom it is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog
from aiohttp import web

from outreachd.clock import Clock
from outreachd.rules.health import Health, Rule
from outreachd.rules.roll import roll
from outreachd.store.health import PgHealth
from outreachd.store.steering import NoSuchError
from outreachd.web.gates import answer, author_of

LAST_DAYS = timedelta(days=30)

log = structlog.get_logger()


def health_routes(
    book: PgHealth, rules: Sequence[Rule], clock: Clock
) -> list[web.AbstractRouteDef]:
    """Make the routes of health."""
    handlers = _Health(book, rules, clock)
    return [
        web.get("/v1/health", handlers.list),
        web.post(r"/v1/health/decisions/{id:\d{1,18}}/accept", handlers.accept),
    ]


class _Health:
    def __init__(self, book: PgHealth, rules: Sequence[Rule], clock: Clock) -> None:
        self._book, self._rules, self._clock = book, rules, clock

    async def list(self, request: web.Request) -> web.Response:
        """List standings and decisions."""
        now, name = self._clock.now(), request.query.get("name")
        hours = sorted({rule.window_h for rule in self._rules})
        book = await self._book.book(hours, now)
        lines = roll(await self._book.members(), book, self._rules, now)
        if name is not None:
            lines = [line for line in lines if line.name == name]
            if not lines:
                raise web.HTTPNotFound(text="Nobody in the fleet has this name.")
        if request.query.get("ill") == "true":
            lines = [line for line in lines if line.health is not Health.WELL]
        decisions = await self._book.decisions(now - LAST_DAYS, name)
        return answer({"health": lines, "decisions": decisions})

    async def accept(self, request: web.Request) -> web.Response:
        """Do what a rule suggested."""
        id = int(request.match_info["id"])
        try:
            done = await self._book.accept(id, author_of(request), self._clock.now())
        except NoSuchError as error:
            raise web.HTTPNotFound(text=f"{error}.") from None
        log.info("control.acted", action="accept", kind=done.kind.value)
        return answer(
            {"accepted": id, "health": done.brings, "until": done.after.until}
        )
