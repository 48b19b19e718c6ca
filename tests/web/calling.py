"""The control listener on loopback, and somebody with the token who calls it.

What a daemon would do is only noted; ``routes`` that a test brings are the real ones.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession, web

from outreachd.clock import Clock
from outreachd.listen import TcpListen
from outreachd.rules.model import Kind
from outreachd.rules.records import LedgerAwayError
from outreachd.store.steering import NoSuchError
from outreachd.telemetry import Metrics
from outreachd.web.control import control_app
from outreachd.web.server import listen

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class FakeSteering:
    """A daemon with one domain and one send; it notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.away = False
        self.is_ready = (True, "")

    async def status(self) -> dict[str, Any]:
        """Tell a little, or miss the database."""
        if self.away:
            raise LedgerAwayError
        return {"sends": {"scheduled": 3}, "since": NOW}

    async def ready(self) -> tuple[bool, str]:
        """Tell what the test set."""
        return self.is_ready

    async def list(self, kind: Kind) -> list[dict[str, Any]]:
        """Tell one domain and one mailbox."""
        names = {
            Kind.DOMAIN: "mail.acme.example",
            Kind.MAILBOX: "ann@acme.example",
            Kind.FLEET: "",
        }
        return [{"name": names[kind], "health": "well"}] if kind in names else []

    async def pause(
        self, kind: Kind, name: str, reason: str, until: datetime | None, author: str
    ) -> None:
        """Note it."""
        await self._known(kind, name)
        self.told.append(("pause", kind, name, reason, until, author))

    async def resume(self, kind: Kind, name: str, author: str) -> None:
        """Note it."""
        await self._known(kind, name)
        self.told.append(("resume", kind, name, author))

    async def send(self, id: int) -> dict[str, Any] | None:
        """Know the seventh."""
        return {"id": id, "state": "held"} if id == 7 else None

    async def explain(self, id: int) -> dict[str, Any] | None:
        """Know the seventh."""
        return {"id": id, "gates": []} if id == 7 else None

    async def drain(self) -> None:
        """Note it."""
        self.told.append(("drain",))

    async def _known(self, kind: Kind, name: str) -> None:
        if name not in [row["name"] for row in await self.list(kind)]:
            raise NoSuchError(f"there is no {kind} {name!r} in the fleet")


class Caller:
    """Somebody with the token."""

    def __init__(self, session: ClientSession, steering: FakeSteering) -> None:
        self.session, self.steering = session, steering

    async def get(self, path: str) -> tuple[int, Any]:
        """Ask."""
        async with self.session.get(path) as answer:
            return answer.status, await answer.json(content_type=None)

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        """Order."""
        async with self.session.post(path, **body) as answer:
            return answer.status, await answer.json(content_type=None)


@asynccontextmanager
async def called(
    clock: Clock,
    routes: Iterable[web.AbstractRouteDef] = (),
    metrics: Metrics | None = None,
) -> AsyncIterator[Caller]:
    """Open the listener, and give somebody who may call it."""
    steering = FakeSteering()
    app = control_app(
        steering, metrics or Metrics(), clock, "right token", routes=routes
    )
    listener = await listen(app, TcpListen("127.0.0.1", 0), setting="x")
    host, port = listener.address
    headers = {"Authorization": "Bearer right token"}
    async with ClientSession(f"http://{host}:{port}", headers=headers) as session:
        yield Caller(session, steering)
    await listener.close()
