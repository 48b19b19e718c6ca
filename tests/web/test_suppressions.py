"""The laws of the suppression list over HTTP, with a real database behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from outreachd.clock import RealClock
from outreachd.listen import TcpListen
from outreachd.rules.suppression import Eraser
from outreachd.store.database import Database
from outreachd.store.suppressions import PgSuppressions
from outreachd.web.gates import bearer, no_browsers, problem
from outreachd.web.server import Bounds, application, listen
from outreachd.web.suppressions import suppression_routes
from tests.store.seed import add_send, seed_fleet

TOKENS = "ann operator ann-secret\nwatch viewer watch-secret\n"
ANN = "ann-secret"
PATH = "/v1/suppressions"


class Caller:
    """Somebody with a token."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str = ANN
    ) -> tuple[int, Any]:
        """Make a call; tell status and JSON."""
        headers = {"Authorization": f"Bearer {token}"}
        asked = self.session.request(method, path, json=body, headers=headers)
        async with asked as answer:
            return answer.status, await answer.json(content_type=None)


@pytest_asyncio.fixture
async def caller(db: Database) -> AsyncIterator[Caller]:
    """Open a listener on a small fleet with one send."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "p@x.example")
    app = application(Bounds(), problem, no_browsers, bearer(TOKENS))
    store, eraser = PgSuppressions(db), Eraser([b"k" * 32])
    app.add_routes(suppression_routes(store, RealClock(), eraser))
    listener = await listen(app, TcpListen("127.0.0.1", 0), setting="x")
    host, port = listener.address
    async with ClientSession(f"http://{host}:{port}") as session:
        yield Caller(session)
    await listener.close()


def new(target: str, **more: Any) -> dict[str, Any]:
    return {"target": target, "reason": "asked", **more}


async def test_an_entry_is_added_once_and_its_author_is_the_caller(
    caller: Caller, db: Database
) -> None:
    """201 with what it ended, then 200: it stands; the audit has the caller's name."""
    body = new("P@x.example", client="acme", source="phone")
    assert await caller.call("POST", PATH, body) == (
        201,
        {"ids": [1], "new": 1, "known": 0, "ended": 1},
    )
    assert await caller.call("POST", PATH, body) == (
        200,
        {"ids": [], "new": 0, "known": 1, "ended": 0},
    )
    async with db.connection() as connection:
        row = await connection.fetchrow("SELECT author, source FROM suppression")
        audit = await connection.fetch("SELECT author, action FROM audit")
    assert row is not None
    assert tuple(row) == ("ann", "phone")
    assert [tuple(line) for line in audit] == [("ann", "suppress")]


async def test_many_go_in_together_or_not_at_all(caller: Caller) -> None:
    """Every mistake with its place; nothing goes in beside one."""
    bad = [new("a@x.example"), new("nobody"), new("b@x.example", client="who")]
    status, told = await caller.call("POST", PATH, bad)
    assert (status, [error["where"] for error in told["errors"]]) == (422, ["1", "2"])
    assert (await caller.call("GET", PATH))[1]["suppressions"] == []
    good = [
        new("a@x.example"),
        new("*.y.example"),
        new("b@x.example", campaign="spring"),
    ]
    status, told = await caller.call("POST", PATH, good)
    assert (status, told["new"]) == (201, 3)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"target": "a@x.example"},
        new("a@x.example", reason=" "),
        new("a@x.example", reason="two\nlines"),
        new("a@x.example", surprise=1),
        new("a@x.example", at="yesterday"),
        new("a" * 301),
        [new("a@x.example")] * 1001,
        "a@x.example",
    ],
)
async def test_what_is_no_entry_is_refused(caller: Caller, body: Any) -> None:
    """422 with every mistake, never the values."""
    status, told = await caller.call("POST", PATH, body)
    assert (status, bool(told["errors"])) == (422, True)


async def test_the_list_is_paged_and_searched(caller: Caller) -> None:
    """``next`` is what ``before`` takes; an address finds all that bars it."""
    names = [f"p{n}@x.example" for n in range(5)]
    await caller.call("POST", PATH, [new(name) for name in names])
    await caller.call("POST", PATH, [new("@x.example", client="acme")])
    seen, path = [], f"{PATH}?limit=4"
    while True:
        _, told = await caller.call("GET", path)
        seen += [row["id"] for row in told["suppressions"]]
        if told["next"] is None:
            break
        path = f"{PATH}?limit=4&before={told['next']}"
    assert seen == [6, 5, 4, 3, 2, 1]

    async def ids(query: str) -> list[int]:
        _, told = await caller.call("GET", f"{PATH}?{query}")
        return [row["id"] for row in told["suppressions"]]

    assert await ids("address=P3@x.example") == [4, 6]
    assert await ids("q=p3") == [4]
    assert await ids("client=acme") == [6]
    assert await ids("reason=other") == []
    for query, wanted in (
        ("limit=0", 422),
        ("surprise=1", 422),
        ("address=nobody", 422),
        ("client=nobody", 404),
    ):
        assert (await caller.call("GET", f"{PATH}?{query}"))[0] == wanted


@pytest.mark.parametrize("name", ["q", "reason", "client", "campaign"])
async def test_a_question_that_is_no_text_is_no_fault_of_ours(
    caller: Caller, name: str
) -> None:
    """S19: NUL in a query is refused as a mistake, not answered as a fault."""
    status, told = await caller.call("GET", f"{PATH}?{name}=%00")
    assert status == 422
    assert "that can be kept" in told["detail"]


async def test_taking_back_says_why_and_respects_a_persons_wish(caller: Caller) -> None:
    """409 until it is said that the person asked for it; twice is once."""
    await caller.call("POST", PATH, new("a@x.example", reason="opt_out"))
    undo = f"{PATH}/1/undo"
    assert (await caller.call("POST", undo, {}))[0] == 422
    status, told = await caller.call("POST", undo, {"reason": "a slip"})
    assert (status, "at_their_request" in told["detail"]) == (409, True)
    wish = {"reason": "wrote to us", "at_their_request": True}
    assert await caller.call("POST", undo, wish) == (200, {"id": 1, "undone": True})
    assert await caller.call("POST", undo, wish) == (200, {"id": 1, "undone": False})
    assert (await caller.call("POST", f"{PATH}/99/undo", wish))[0] == 404
    assert (await caller.call("GET", PATH))[1]["suppressions"] == []
    [row] = (await caller.call("GET", f"{PATH}?undone=true"))[1]["suppressions"]
    assert (row["undone_by"], row["undone_reason"]) == ("ann", "wrote to us")


async def test_a_viewer_looks_and_does_not_act(caller: Caller) -> None:
    """403 for every order; the list may be read."""
    token = "watch-secret"
    assert (await caller.call("GET", PATH, token=token))[0] == 200
    for path in (PATH, f"{PATH}/1/undo"):
        assert (await caller.call("POST", path, new("a@x.example"), token=token))[
            0
        ] == 403
