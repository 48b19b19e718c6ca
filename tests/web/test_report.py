"""The laws of figures by HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from outreachd.clock import VirtualClock
from outreachd.store.database import Database
from outreachd.web.report import report_routes
from tests.store.seed import NOW, add_send, seed_fleet
from tests.web.calling import Caller, called


@pytest_asyncio.fixture
async def caller(db: Database) -> AsyncIterator[Caller]:
    """Refuse one letter, and open the listener on it."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "a@x.example", state="failed", changed_at=NOW)
    clock = VirtualClock(NOW)
    routes = report_routes(db, clock)
    async with called(clock, routes) as caller:
        yield caller


async def test_figures_are_counted_as_by_the_verb(caller: Caller) -> None:
    """By what is asked, within the time that is asked."""
    status, told = await caller.get("/v1/report?until=2026-03-03&by=client")
    assert (status, told["rows"][0]["name"]) == (200, "acme")
    assert told["total"]["refused"] == 1
    status, told = await caller.get("/v1/report?since=2026-03-03")
    assert (status, told["rows"]) == (200, [])


@pytest.mark.parametrize("how", ["?format=csv", ""])
async def test_a_spreadsheet_gets_csv(caller: Caller, how: str) -> None:
    """Where it is asked for, by parameter or by Accept."""
    accept = {} if how else {"Accept": "text/csv"}
    query = f"{how or '?'}&until=2026-03-03"
    async with caller.session.get(f"/v1/report{query}", headers=accept) as got:
        assert got.content_type == "text/csv"
        assert (await got.text()).splitlines()[1].startswith("spring,0,1,")


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?by=moon", 422, "by must be one of client, direction"),
        ("?since=lately", 422, "must be a time such as"),
        ("?til=now", 422, "til is not one of by, campaign"),
        ("?campaign=nothing", 404, "there is no campaign 'nothing'"),
    ],
)
async def test_a_wrong_question_is_told_what_is_allowed(
    caller: Caller, query: str, status: int, said: str
) -> None:
    """One sentence."""
    got, told = await caller.get(f"/v1/report{query}")
    assert got == status
    assert said in told["detail"]
