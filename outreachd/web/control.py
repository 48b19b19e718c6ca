"""The control listener: status, pause, resume, explain, drain and metrics.

For people and scripts on this machine. Every path but /healthz and /readyz needs the
bearer token (``gates``). Bodies are JSON, answers JSON, faults problem+json with every
mistake at once. An answer to a pause means that it holds already. Steering is what the
daemon offers; a database that is away is answered 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
)

from outreachd.clock import Clock
from outreachd.rules.model import Kind
from outreachd.store.steering import NoSuchError
from outreachd.telemetry import Metrics
from outreachd.web.forms import Instant
from outreachd.web.gates import (
    answer,
    author_of,
    bearer,
    json_body,
    mistakes,
    no_browsers,
    problem,
)
from outreachd.web.server import Bounds, application

BODY_OCTETS = 4 << 20  # a letter with small files in it
COLLECTIONS = {
    "clients": Kind.CLIENT,
    "campaigns": Kind.CAMPAIGN,
    "domains": Kind.DOMAIN,
    "mailboxes": Kind.MAILBOX,
    "accounts": Kind.ACCOUNT,
}

log = structlog.get_logger()


class Steering(Protocol):
    """What the listener asks of the daemon. Rows are plain values for JSON."""

    async def status(self) -> Mapping[str, Any]:
        """Tell where the whole stands."""

    async def ready(self) -> tuple[bool, str]:
        """Tell whether letters can leave, and if not, why."""

    async def list(self, kind: Kind) -> Sequence[Mapping[str, Any]]:
        """Tell all of a kind; each row has a ``name`` (a mailbox's is its address)."""

    async def pause(
        self, kind: Kind, name: str, reason: str, until: datetime | None, author: str
    ) -> None:
        """Stop it; on return no further intent can be written. NoSuchError."""

    async def resume(self, kind: Kind, name: str, author: str) -> None:
        """Let it go on; one that was not paused is no fault. NoSuchError."""

    async def send(self, id: int) -> Mapping[str, Any] | None:
        """Tell where a send stands."""

    async def explain(self, id: int) -> Mapping[str, Any] | None:
        """Tell every gate of a send, and when it may go."""

    async def drain(self) -> None:
        """Begin to stop: finish what is past its intent, give the rest back."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_printable),
]


class Pause(BaseModel):
    """The body of a pause; without ``until`` it lasts until somebody resumes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Reason
    until: Instant | None = None


def control_app(
    steering: Steering,
    metrics: Metrics,
    clock: Clock,
    token: str,
    bounds: Bounds | None = None,
    routes: Iterable[web.AbstractRouteDef] = (),
) -> web.Application:
    """Make the application of the control listener; ``routes`` come on top."""
    bounds = bounds or Bounds(body_octets=BODY_OCTETS)
    app = application(bounds, problem, no_browsers, bearer(token))
    control = _Control(steering, metrics, clock)
    kinds = "/v1/{kind:" + "|".join(COLLECTIONS) + "}"
    send = r"/v1/sends/{id:\d{1,18}}"
    app.add_routes(
        [
            web.get("/healthz", control.healthz),
            web.get("/readyz", control.readyz),
            web.get("/metrics", control.metrics),
            web.get("/v1/status", control.status),
            web.get(kinds, control.list),
            web.get(kinds + "/{name}", control.show),
            web.post(kinds + "/{name}/pause", control.pause),
            web.post(kinds + "/{name}/resume", control.resume),
            web.post("/v1/fleet/pause", control.pause),
            web.post("/v1/fleet/resume", control.resume),
            web.get(send, control.send),
            web.get(send + "/explain", control.explain),
            web.post("/v1/drain", control.drain),
            *routes,
        ]
    )
    return app


class _Control:
    """The handlers, in the order of the routes."""

    def __init__(self, steering: Steering, metrics: Metrics, clock: Clock) -> None:
        self._steering, self._metrics, self._clock = steering, metrics, clock
        self._scrape = asyncio.Lock()

    async def healthz(self, request: web.Request) -> web.Response:
        """Say that the loop turns; a database away is no reason to restart us."""
        return answer({"status": "ok"})

    async def readyz(self, request: web.Request) -> web.Response:
        """Say whether letters can leave."""
        ready, reason = await self._steering.ready()
        return answer({"ready": ready, "reason": reason}, 200 if ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """Write all series in a thread, one scrape at a time."""
        async with self._scrape:
            body = await asyncio.to_thread(self._metrics.render)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def status(self, request: web.Request) -> web.Response:
        """Say where the whole stands."""
        return answer(await self._steering.status())

    async def list(self, request: web.Request) -> web.Response:
        """Show all of a kind."""
        return answer(await self._steering.list(_kind(request)))

    async def show(self, request: web.Request) -> web.Response:
        """Show one by its name."""
        name = request.match_info["name"]
        for row in await self._steering.list(_kind(request)):
            if row["name"] == name:
                return answer(row)
        raise web.HTTPNotFound(text=f"There is no {_kind(request)} of this name.")

    async def pause(self, request: web.Request) -> web.Response:
        """Stop one thing for a reason, until a moment or until resumed."""
        try:
            order = Pause.model_validate_json(await json_body(request))
        except ValidationError as error:
            return problem(422, "The body is not right.", mistakes(error))
        if order.until and order.until <= self._clock.now():
            mistake = {"where": "until", "message": "must be in the future"}
            return problem(422, "The body is not right.", [mistake])
        kind, name = _kind(request), request.match_info.get("name", "")
        try:
            await self._steering.pause(
                kind, name, order.reason, order.until, author_of(request)
            )
        except NoSuchError as error:
            raise web.HTTPNotFound(text=f"{error}.") from None
        log.info("control.acted", action="pause", kind=kind, name=name)
        fields = {"reason": order.reason, "until": order.until}
        return answer({"kind": kind, "name": name, "paused": True, **fields})

    async def resume(self, request: web.Request) -> web.Response:
        """Let one thing go on."""
        kind, name = _kind(request), request.match_info.get("name", "")
        try:
            await self._steering.resume(kind, name, author_of(request))
        except NoSuchError as error:
            raise web.HTTPNotFound(text=f"{error}.") from None
        log.info("control.acted", action="resume", kind=kind, name=name)
        return answer({"kind": kind, "name": name, "paused": False})

    async def send(self, request: web.Request) -> web.Response:
        """Show one send."""
        return _found(await self._steering.send(int(request.match_info["id"])))

    async def explain(self, request: web.Request) -> web.Response:
        """Show every gate of one send."""
        return _found(await self._steering.explain(int(request.match_info["id"])))

    async def drain(self, request: web.Request) -> web.Response:
        """Begin to stop, as SIGTERM does."""
        log.info("control.acted", action="drain")
        await self._steering.drain()
        return answer({"draining": True}, 202)


def _kind(request: web.Request) -> Kind:
    collection = request.match_info.get("kind")
    return COLLECTIONS[collection] if collection else Kind.FLEET


def _found(row: Mapping[str, Any] | None) -> web.Response:
    if row is None:
        raise web.HTTPNotFound(text="There is no send with this number.")
    return answer(row)
