"""The laws of health by HTTP: who is ill, what was decided, and a person's yes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from outreachd.clock import VirtualClock
from outreachd.rules.health import Mode
from outreachd.rules.health_rules import RULES
from outreachd.store.database import Database
from outreachd.store.health import PgHealth
from outreachd.web.health import health_routes
from tests.store.seed import NOW, seed_fleet
from tests.store.test_health import DOMAIN, fallen
from tests.web.calling import Caller, called

NAME = "mail.acme.example"


@pytest_asyncio.fixture
async def caller(db: Database) -> AsyncIterator[Caller]:
    """Open the listener on a small fleet, of which a rule suggests that one rests."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    book = PgHealth(db)
    await book.write({}, [fallen(Mode.SUGGEST)[1]], NOW)
    clock = VirtualClock(NOW)
    routes = health_routes(book, RULES, clock)
    async with called(clock, routes) as caller:
        yield caller


async def test_everybody_is_listed_and_who_is_ill_alone(
    caller: Caller, db: Database
) -> None:
    """By name too; with what was decided."""
    status, told = await caller.get("/v1/health")
    assert (status, len(told["health"])) == (200, 6)
    assert told["decisions"][0]["mode"] == "suggest"
    ill, decision = fallen()
    await PgHealth(db).write({DOMAIN: ill}, [decision], NOW)
    _, told = await caller.get("/v1/health?ill=true")
    assert [(one["name"], one["health"]) for one in told["health"]] == [
        (NAME, "resting")
    ]
    _, told = await caller.get(f"/v1/health?name={NAME}")
    assert [one["kind"] for one in told["health"]] == ["domain"]
    assert (await caller.get("/v1/health?name=nobody"))[0] == 404


async def test_a_suggestion_is_accepted_once(caller: Caller) -> None:
    """Then it rests; a second yes, or one to nothing, finds none."""
    _, told = await caller.get("/v1/health")
    path = f"/v1/health/decisions/{told['decisions'][0]['id']}/accept"
    status, done = await caller.post(path, json={})
    assert (status, done["health"]) == (200, "resting")
    assert (await caller.post(path, json={}))[0] == 404
