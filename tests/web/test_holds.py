"""The laws of holds by HTTP: the same choice and the same orders as on the shell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from outreachd.clock import VirtualClock
from outreachd.store.database import Database
from outreachd.store.holds import PgHolds
from outreachd.web.holds import hold_routes
from tests.store.seed import NOW, add_send, seed_fleet
from tests.web.calling import Caller, called


@pytest_asyncio.fixture
async def caller(db: Database) -> AsyncIterator[Caller]:
    """Hold three sends, and open the listener on them."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        for n, reason in enumerate(("bug", "bug", "uncertain")):
            await add_send(
                connection, f"p{n}@x.example", state="held", reason=reason, detail="why"
            )
    clock = VirtualClock(NOW)
    routes = hold_routes(PgHolds(db), clock)
    async with called(clock, routes) as caller:
        yield caller


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("", 3),
        ("?reason=bug", 2),
        ("?campaign=spring&reason=uncertain", 1),
        ("?ids=1,3", 2),
        ("?held_before=2020-01-01T00:00:00Z", 0),
    ],
)
async def test_what_is_held_is_listed(caller: Caller, query: str, n: int) -> None:
    """By campaign and reason, with examples."""
    status, told = await caller.get(f"/v1/holds{query}")
    assert (status, told["held"]) == (200, n)
    for row in told["holds"]:
        assert row["examples"][0]["detail"] == "why"


@pytest.mark.parametrize("verb", ["release", "drop"])
async def test_what_is_chosen_is_settled(caller: Caller, verb: str) -> None:
    """The answer is a number; what is left is still held."""
    done = {"release": "released", "drop": "dropped"}[verb]
    path = f"/v1/holds/{verb}"
    more = {"groundless": 0} if verb == "release" else {}
    assert await caller.post(path, json={"reason": "bug"}) == (200, {done: 2, **more})
    assert (await caller.get("/v1/holds"))[1]["held"] == 1


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("drop", {}, 422),
        ("drop", {"reasons": "bug"}, 422),
        ("release", {"ids": ["x"]}, 422),
        ("release", {"ids": [0]}, 422),
        ("release", {"held_before": "2020-01-01T00:00:00"}, 422),
        ("drop", {"campaign": "sprig"}, 404),
    ],
)
async def test_a_choice_that_is_none_changes_nothing(
    caller: Caller, path: str, body: dict[str, Any], expected: int
) -> None:
    """Dropping needs a choice; a slip is told."""
    status, _ = await caller.post(f"/v1/holds/{path}", json=body)
    assert status == expected
    assert (await caller.get("/v1/holds"))[1]["held"] == 3


async def test_a_bad_query_is_told(caller: Caller) -> None:
    """The same words as for a body."""
    assert (await caller.get("/v1/holds?ids=x"))[0] == 422
    assert (await caller.get("/v1/holds?campaign=sprig"))[0] == 404
