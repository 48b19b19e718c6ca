"""``/v1/holds``: what waits for a person, and the orders to let it go on or drop it.

GET takes its choice as a query, the orders take it as a JSON body. Dropping needs a
choice; releasing without one releases all. Both answer with the number; what stays held
for want of a ground of consent is told apart.
"""

from __future__ import annotations

from typing import Annotated

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outreachd.clock import Clock
from outreachd.store.holds import Choice, PgHolds
from outreachd.store.steering import NoSuchError
from outreachd.web.forms import Instant
from outreachd.web.gates import answer, author_of, json_body, mistakes, problem

NOT_RIGHT = "The choice is not right."

log = structlog.get_logger()


class Chosen(BaseModel):
    """Which held sends are meant; what is left out does not matter."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    campaign: str | None = None
    reason: str | None = None
    ids: (
        Annotated[
            list[Annotated[int, Field(ge=1, lt=1 << 63)]], Field(max_length=10_000)
        ]
        | None
    ) = None
    held_before: Instant | None = None

    def choice(self) -> Choice:
        """Say it in the ledger's words."""
        return Choice(
            campaign=self.campaign,
            reason=self.reason,
            ids=self.ids,
            before=self.held_before,
        )


def hold_routes(holds: PgHolds, clock: Clock) -> list[web.AbstractRouteDef]:
    """Make the routes of holds."""
    handlers = _Holds(holds, clock)
    return [
        web.get("/v1/holds", handlers.list),
        web.post("/v1/holds/release", handlers.release),
        web.post("/v1/holds/drop", handlers.drop),
    ]


class _Holds:
    def __init__(self, holds: PgHolds, clock: Clock) -> None:
        self._holds, self._clock = holds, clock

    async def list(self, request: web.Request) -> web.Response:
        """List what is held, by campaign and reason."""
        query = dict(request.query)
        ids = [{"ids": query.pop("ids").split(",")}] if "ids" in query else [{}]
        try:
            chosen = Chosen.model_validate(query | ids[0])
            held = await self._holds.list(chosen.choice())
        except ValidationError as error:
            return problem(422, NOT_RIGHT, mistakes(error))
        except NoSuchError as error:
            raise web.HTTPNotFound(text=f"{error}.") from None
        return answer({"held": sum(row.n for row in held), "holds": held})

    async def release(self, request: web.Request) -> web.Response:
        """Let held sends go on."""
        return await self._order(request, "release", "released")

    async def drop(self, request: web.Request) -> web.Response:
        """Never send held sends."""
        return await self._order(request, "drop", "dropped")

    async def _order(self, request: web.Request, verb: str, done: str) -> web.Response:
        try:
            choice = Chosen.model_validate_json(await json_body(request)).choice()
        except ValidationError as error:
            return problem(422, NOT_RIGHT, mistakes(error))
        if verb == "drop" and choice == Choice():
            return problem(
                422, "Say what to drop: campaign, reason, ids or held_before."
            )
        order = self._holds.release if verb == "release" else self._holds.drop
        try:
            settled = await order(
                choice, author=author_of(request), now=self._clock.now()
            )
        except NoSuchError as error:
            raise web.HTTPNotFound(text=f"{error}.") from None
        log.info("control.acted", action=verb)
        if verb == "release":
            return answer({done: settled.n, "groundless": settled.groundless})
        return answer({done: settled.n})
