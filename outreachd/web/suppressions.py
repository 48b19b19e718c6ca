"""``/v1/suppressions``: who must not be written to, for scripts.

GET lists (newest first, a page at a time) or, with ``address``, tells what bars one.
POST adds up to a thousand entries and answers once they hold; POST ``/{id}/undo`` takes
one back by a row of its own. The author is whoever holds the token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import structlog
from aiohttp import web
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from outreachd.clock import Clock
from outreachd.rules.address import BadAddressError, normalise_recipient
from outreachd.rules.suppression import MAX_TEXT, BadTargetError, Eraser, read_target
from outreachd.store.steering import NoSuchError
from outreachd.store.suppression_rows import Entry, Scope, TooManyGlobsError
from outreachd.store.suppressions import (
    NEWEST,
    PgSuppressions,
    TheirWishError,
    Wanted,
)
from outreachd.web.forms import Instant
from outreachd.web.gates import answer, author_of, json_body, mistakes, problem

SOURCE = "api"
AT_ONCE = 1000  # entries of one call
NOT_RIGHT = "The body is not right."

log = structlog.get_logger()


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT),
    AfterValidator(_printable),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class New(_Body):
    """One entry; without client and campaign it holds everywhere."""

    target: Annotated[str, StringConstraints(max_length=300)]
    client: str | None = None
    campaign: str | None = None
    reason: Line
    source: Line = SOURCE
    at: Instant | None = None


# All go in, or none.
MANY = TypeAdapter(Annotated[list[New], Field(min_length=1, max_length=AT_ONCE)])


class Undoing(_Body):
    """Why an entry is taken back, and whether the person asked for it."""

    reason: Line
    at_their_request: bool = False


class Asked(_Body):
    """Which page of entries is wanted."""

    address: str | None = None
    client: str | None = None
    campaign: str | None = None
    reason: str | None = None
    q: str | None = None
    undone: bool = False
    before: Annotated[int, Field(ge=1, le=NEWEST)] = NEWEST
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


def suppression_routes(
    store: PgSuppressions, clock: Clock, eraser: Eraser
) -> list[web.AbstractRouteDef]:
    """Make the routes of suppressions."""
    handlers = _Suppressions(store, clock, eraser)
    return [
        web.get("/v1/suppressions", handlers.page),
        web.post("/v1/suppressions", handlers.add),
        web.post(r"/v1/suppressions/{id:\d{1,18}}/undo", handlers.undo),
    ]


class _Suppressions:
    def __init__(self, store: PgSuppressions, clock: Clock, eraser: Eraser) -> None:
        self._store, self._clock, self._eraser = store, clock, eraser

    async def page(self, request: web.Request) -> web.Response:
        """List entries, or what bars an address."""
        try:
            asked = Asked.model_validate(dict(request.query))
            if asked.address is not None:
                email = normalise_recipient(asked.address)
                barring = await self._store.barring(email, self._eraser)
                return answer({"suppressions": barring, "next": None})
            rows = await self._store.page(_wanted(asked))
        except ValidationError as error:
            return problem(422, "The query is not right.", mistakes(error))
        except BadAddressError as error:
            return _mistake("address", str(error))
        except NoSuchError as error:
            raise web.HTTPNotFound(text=f"{error}.") from None
        more = rows[-1]["id"] if len(rows) == asked.limit else None
        return answer({"suppressions": rows, "next": more})

    async def add(self, request: web.Request) -> web.Response:
        """Enter one entry, or many."""
        body = await json_body(request)
        try:
            news = _news(body)
        except ValidationError as error:
            return problem(422, NOT_RIGHT, mistakes(error))
        entries, faults = await self._entries(news)
        if faults:
            return problem(422, NOT_RIGHT, faults)
        try:
            added = await self._store.add(
                entries, author=author_of(request), now=self._clock.now()
            )
        except TooManyGlobsError as error:
            return _mistake("target", str(error))
        log.info("control.acted", action="suppress")
        return answer(
            {
                "ids": added.ids,
                "new": len(added.ids),
                "known": len(entries) - len(added.ids),
                "ended": added.ended,
            },
            201 if added.ids else 200,
        )

    async def _entries(
        self, news: Sequence[New]
    ) -> tuple[list[Entry], list[dict[str, str]]]:
        """Read every entry; tell every mistake with its place."""
        entries: list[Entry] = []
        faults: list[dict[str, str]] = []
        scopes: dict[tuple[str | None, str | None], Scope] = {}
        for place, new in enumerate(news):
            names = new.client, new.campaign
            try:
                if names not in scopes:
                    scopes[names] = await self._store.scope(*names)
                entries.append(self._entry(new, scopes[names]))
            except (BadTargetError, NoSuchError) as error:
                faults.append({"where": str(place), "message": str(error)})
        return entries, faults

    def _entry(self, new: New, scope: Scope) -> Entry:
        return Entry(
            target=read_target(new.target),
            scope=scope,
            reason=new.reason,
            source=new.source,
            at=new.at or self._clock.now(),
        )

    async def undo(self, request: web.Request) -> web.Response:
        """Take an entry back."""
        id = int(request.match_info["id"])
        try:
            order = Undoing.model_validate_json(await json_body(request))
            undone = await self._store.undo(
                id,
                reason=order.reason,
                source=SOURCE,
                author=author_of(request),
                now=self._clock.now(),
                at_their_request=order.at_their_request,
            )
        except ValidationError as error:
            return problem(422, NOT_RIGHT, mistakes(error))
        except NoSuchError as error:
            raise web.HTTPNotFound(text=f"{error}.") from None
        except TheirWishError as error:
            return problem(409, f'{error}: say "at_their_request": true.')
        log.info("control.acted", action="unsuppress")
        return answer({"id": id, "undone": undone})


def _news(body: bytes) -> Sequence[New]:
    """Read one entry, or a list of them."""
    if body.lstrip().startswith(b"["):
        return MANY.validate_json(body)
    return [New.model_validate_json(body)]


def _wanted(asked: Asked) -> Wanted:
    return Wanted(
        below_id=asked.before,
        limit=asked.limit,
        client=asked.client,
        campaign=asked.campaign,
        reason=asked.reason,
        containing=asked.q,
        with_undone=asked.undone,
    )


def _mistake(where: str, message: str) -> web.Response:
    return problem(422, NOT_RIGHT, [{"where": where, "message": message}])
