"""The laws of ``POST /v1/contacts``, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from outreachd.clock import RealClock
from outreachd.intake import Intake
from outreachd.rules.suppression import Eraser
from outreachd.store.contacts import NO_CONSENT_SENTENCE
from outreachd.store.database import Database
from outreachd.web.contacts import MAX_CONTACTS, contact_routes
from outreachd.web.gates import problem
from outreachd.web.server import Bounds, application
from tests.store.seed import seed_fleet

Caller = TestClient[web.Request, web.Application]


@pytest_asyncio.fixture
async def caller(db: Database) -> AsyncIterator[Caller]:
    """Give a way to the route; the campaigns are "spring" and "autumn"."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    clock = RealClock()
    app = application(Bounds(body_octets=1 << 20), problem)

    def intake(is_dry: bool) -> Intake:
        return Intake(db, clock, Eraser(()), None, is_dry=is_dry)

    app.add_routes(contact_routes(db, clock, intake))
    async with TestClient(TestServer(app)) as client:
        yield client


async def post(
    caller: Caller, *contacts: dict[str, Any], key: str = "", **more: object
) -> tuple[int, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"campaign": "spring", "contacts": contacts} | more
    response = await caller.post("/v1/contacts", json=body, headers=headers)
    return response.status, await response.json(content_type=None)


async def sends(db: Database) -> int:
    async with db.connection() as connection:
        found: int = await connection.fetchval("SELECT count(*) FROM send")
    return found


ANN = {"email": "Ann@X.example", "first_name": "Ann", "consent_basis": "asked"}
MIXED = (
    ANN,
    {"email": "bad"},
    {"email": "ann@x.example", "consent_basis": "asked"},
    {"email": "bob@x.example"},
    {"email": "info@x.example", "consent_basis": "asked"},
    {"email": "x@mailinator.com", "consent_basis": "asked"},
    {"name": "nobody"},
    {"email": "eve@x.example", "note": "a\u0000b"},
    {"email": "dan@x.example", "age": 41, "city": None, "consent_basis": "asked"},
)


async def test_every_contact_gets_its_own_answer(caller: Caller, db: Database) -> None:
    """By the rules of an import; one that is refused keeps no other out."""
    status, told = await post(caller, *MIXED)
    assert status == 200
    assert [(row["number"], row["result"]) for row in told["contacts"]] == [
        *[(1, "new"), (2, "refused"), (3, "duplicate"), (4, "held"), (5, "held")],
        *[(6, "skipped"), (7, "refused"), (8, "refused"), (9, "new")],
    ]
    counts = {"new": 2, "refused": 3, "duplicate": 1, "held": 2, "skipped": 1}
    assert told["counts"] == counts
    reasons = [row["reason"] for row in told["contacts"]]
    assert reasons[2] == "is in this list more than once: the first row counts"
    assert reasons[3] == NO_CONSENT_SENTENCE
    assert 'needs a column "email"' in reasons[6]
    whys = {row["number"]: row["why"] for row in told["contacts"] if row["why"]}
    assert whys == {4: "no_consent", 5: "role_address", 6: "disposable_address"}
    assert "U+0000" in reasons[7]
    async with db.connection() as connection:
        kept = await connection.fetchval(
            "SELECT variables::text FROM contact WHERE email = 'dan@x.example'"
        )
    assert kept == '{"age": "41"}'


async def test_a_second_call_is_no_fault_and_changes_nothing(
    caller: Caller, db: Database
) -> None:
    """Without a key too: a person is in a campaign once."""
    await post(caller, *MIXED)
    before = await sends(db)
    _, told = await post(caller, *MIXED)
    assert told["contacts"][0]["result"] == "known"
    assert await sends(db) == before


async def test_a_key_makes_a_call_one_call(caller: Caller, db: Database) -> None:
    """Same key, same body: the first answer, byte by byte; another body: 409."""
    first = await post(caller, ANN, key="k1")
    again = await asyncio.gather(*(post(caller, ANN, key="k1") for _ in range(5)))
    assert all(answer == first for answer in again)
    assert first[1]["contacts"][0]["result"] == "new"
    status, told = await post(caller, {"email": "b@x.example"}, key="k1")
    assert (status, "take a new key" in told["detail"]) == (409, True)
    assert await sends(db) == 1


async def test_a_dry_run_keeps_nothing_and_uses_no_key(
    caller: Caller, db: Database
) -> None:
    """The same answers, and the key is free for the real call."""
    _, dry = await post(caller, *MIXED, key="k1", dry_run=True)
    assert await sends(db) == 0
    status, wet = await post(caller, *MIXED, key="k1")
    assert status == 200
    assert dry["contacts"] == wet["contacts"]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"campaign": "nonsense"}, "campaign"),
        ({"contacts": []}, "contacts"),
        ({"contacts": [ANN] * (MAX_CONTACTS + 1)}, "contacts"),
        ({"contacts": ["ann@x.example"]}, "contacts.0"),
        ({"contacts": [{"email": ["a@x.example"]}]}, "contacts.0.email"),
        ({"contacts": [{f"c{n}": "" for n in range(201)}]}, "contacts.0"),
        ({"contcts": []}, "contcts"),
        ({"contacts": [ANN | {"n": float("nan")}]}, "contacts.0.n"),
        ({"contacts": [ANN | {"n": float("inf")}]}, "contacts.0.n"),
        ({"contacts": [ANN | {"n": True}]}, "contacts.0.n"),
    ],
)
async def test_a_body_that_is_not_right_is_told_whole(
    caller: Caller, db: Database, more: dict[str, Any], where: str
) -> None:
    """422 with the place of each mistake; nobody of it goes in."""
    status, told = await post(caller, ANN, **more)
    assert status == 422
    assert any(error["where"].startswith(where) for error in told["errors"])
    assert await sends(db) == 0


async def test_a_thousand_go_in_at_once(caller: Caller, db: Database) -> None:
    """The bound itself is no mistake."""
    people = [
        {"email": f"p{n}@x.example", "consent_basis": "asked"}
        for n in range(MAX_CONTACTS)
    ]
    _, told = await post(caller, *people)
    assert told["counts"] == {"new": MAX_CONTACTS}
    assert await sends(db) == MAX_CONTACTS


async def test_bodies_that_are_not_json_are_refused(caller: Caller) -> None:
    """415 for another kind, 422 for broken JSON."""
    text = await caller.post("/v1/contacts", data="email\na@x.example")
    broken = await caller.post(
        "/v1/contacts", data="{", headers={"Content-Type": "application/json"}
    )
    assert (text.status, broken.status) == (415, 422)
