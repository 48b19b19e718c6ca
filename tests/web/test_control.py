"""What the control listener does for those who hold the token, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
import pytest_asyncio

from outreachd.clock import VirtualClock
from outreachd.rules.model import Kind
from outreachd.telemetry import Metrics
from outreachd.web.control import control_app
from tests.web.calling import NOW, Caller, called

LATER = "2026-03-02T12:00:00+01:00"


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    """Open the listener and call it with the token."""
    metrics = Metrics()
    metrics.sends("acme", "sales", "relay", "sent").inc()
    async with called(VirtualClock(NOW), metrics=metrics) as caller:
        yield caller


async def test_the_routes_are_these_and_no_others(caller: Caller) -> None:
    """S15: what the listener can do is a list one can read."""
    app = control_app(caller.steering, Metrics(), VirtualClock(NOW), "t")
    kinds = "/v1/{kind}"
    assert {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource and route.method != "HEAD"
    } == {
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        f"GET {kinds}",
        f"GET {kinds}/{{name}}",
        "GET /v1/sends/{id}",
        "GET /v1/sends/{id}/explain",
        "GET /v1/status",
        "POST /v1/drain",
        f"POST {kinds}/{{name}}/pause",
        f"POST {kinds}/{{name}}/resume",
        "POST /v1/fleet/pause",
        "POST /v1/fleet/resume",
    }


async def test_readiness_is_apart_from_health(caller: Caller) -> None:
    """PostgreSQL 48: a database away makes us not ready, but never unhealthy."""
    assert await caller.get("/healthz") == (200, {"status": "ok"})
    assert await caller.get("/readyz") == (200, {"ready": True, "reason": ""})
    caller.steering.is_ready = (False, "the database is away")
    caller.steering.away = True
    assert (await caller.get("/healthz"))[0] == 200
    assert (await caller.get("/readyz"))[0] == 503
    status, problem = await caller.get("/v1/status")
    assert (status, "database is away" in problem["detail"]) == (503, True)


async def test_metrics_are_prometheus_text(caller: Caller) -> None:
    """A scrape gets our registry in the format it asked for."""
    async with caller.session.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        text = await answer.text()
    assert 'outreachd_sends_total{account="relay",client="acme"' in text


async def test_the_whole_and_its_parts_are_shown(caller: Caller) -> None:
    """Status, all of a kind, one by name; instants are RFC 3339."""
    _, status = await caller.get("/v1/status")
    assert status == {"sends": {"scheduled": 3}, "since": "2026-03-02T09:00:00Z"}
    assert await caller.get("/v1/clients") == (200, [])
    domain = {"name": "mail.acme.example", "health": "well"}
    assert await caller.get("/v1/domains") == (200, [domain])
    assert await caller.get("/v1/domains/mail.acme.example") == (200, domain)
    assert (await caller.get("/v1/mailboxes/ann@acme.example"))[0] == 200
    assert (await caller.get("/v1/mailboxes/ann%40acme.example"))[0] == 200


async def test_the_fleet_is_paused_and_resumed_without_a_name(caller: Caller) -> None:
    """The big red button, from a script."""
    status, answer = await caller.post("/v1/fleet/pause", json={"reason": "breach"})
    assert (status, answer["kind"], answer["paused"]) == (200, "fleet", True)
    assert caller.steering.told[-1][:3] == ("pause", Kind.FLEET, "")
    assert (await caller.post("/v1/fleet/resume"))[0] == 200
    assert caller.steering.told[-1][:3] == ("resume", Kind.FLEET, "")


async def test_a_pause_says_why_and_until_when(caller: Caller) -> None:
    """Promise 7: the answer comes after the daemon has stored the pause."""
    path = "/v1/domains/mail.acme.example/pause"
    body = {"reason": " listed at a blocklist ", "until": LATER}
    status, answer = await caller.post(path, json=body)
    until = datetime(2026, 3, 2, 11, tzinfo=UTC)
    order = ("pause", Kind.DOMAIN, "mail.acme.example", "listed at a blocklist")
    assert caller.steering.told == [(*order, until, "control")]
    assert (status, answer["paused"], answer["kind"]) == (200, True, "domain")

    status, answer = await caller.post(path, json={"reason": "for good"})
    assert (status, answer["until"]) == (200, None)


async def test_resume_and_drain_need_no_body(caller: Caller) -> None:
    """The two orders without words."""
    status, answer = await caller.post("/v1/domains/mail.acme.example/resume")
    assert (status, answer["paused"]) == (200, False)
    assert await caller.post("/v1/drain") == (202, {"draining": True})
    orders = [told[0] for told in caller.steering.told]
    assert orders == ["resume", "drain"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/domains/other.example/pause",
        "/v1/clients/acme/resume",
        "/v1/sends/8",
        "/v1/sends/8/explain",
        "/v1/domains/other.example",
        "/v1/sends/1e3",
        "/v1/sends/99999999999999999999",
        "/v1/pools",
        "/",
        "/v1/../metrics/x",
        "/openapi.json",
    ],
)
async def test_what_is_not_there_is_404(caller: Caller, path: str) -> None:
    """An unknown name, number or path is a sentence, and changes nothing."""
    if path.endswith(("pause", "resume")):
        status, problem = await caller.post(path, json={"reason": "x"})
    else:
        status, problem = await caller.get(path)
    assert (status, problem["status"]) == (404, 404)
    assert problem["detail"]
    assert caller.steering.told == []


async def test_a_send_is_shown_and_explained(caller: Caller) -> None:
    """By its number."""
    assert await caller.get("/v1/sends/7") == (200, {"id": 7, "state": "held"})
    assert await caller.get("/v1/sends/7/explain") == (200, {"id": 7, "gates": []})


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["reason"]),
        ({"reason": "  "}, ["reason"]),
        ({"reason": "x" * 501}, ["reason"]),
        ({"reason": "two\nlines"}, ["reason"]),
        ({"reason": "nul\0"}, ["reason"]),
        ({"reason": "x", "until": "2026-03-02T12:00:00"}, ["until"]),
        ({"reason": "x", "until": "2026-03-02T08:59:59Z"}, ["until"]),
        ({"reason": "x", "until": "soon"}, ["until"]),
        ({"reason": "x", "until": "9999-12-31T23:59:59.999999Z"}, ["until"]),
        ({"reason": "x", "until": "9999-12-31T23:59:59-14:00"}, ["until"]),
        ({"reason": "x", "until": "0001-01-01T00:00:00+14:00"}, ["until"]),
        ({"reason": "x", "until": 32_503_679_999}, ["until"]),
        ({"reason": "x", "until": "32503679999"}, ["until"]),
        ({"reason": "x", "until": True}, ["until"]),
        ({"reason": "x", "till": LATER}, ["till"]),
        ({"reason": 5, "until": [], "force": True}, ["reason", "until", "force"]),
        ([1], [""]),
    ],
)
async def test_every_mistake_in_a_body_is_told_at_once(
    caller: Caller, body: Any, where: list[str]
) -> None:
    """422 lists each place with a sentence, and repeats no value."""
    path = "/v1/domains/mail.acme.example/pause"
    status, problem = await caller.post(path, json=body)
    assert (status, [one["where"] for one in problem["errors"]]) == (422, where)
    assert all(set(one) == {"where", "message"} for one in problem["errors"])
    assert caller.steering.told == []


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"{", "application/json", 422),
        (b"[" * 30_000, "application/json", 422),
        (b'{"reason": "\xff"}', "application/json", 422),
        (b"", "application/json", 422),
        (b'{"reason": "x"}', "text/plain", 415),
        (b"reason=x", "application/x-www-form-urlencoded", 415),
        (b"x" * 5_000_000, "application/json", 413),
    ],
)
async def test_what_is_not_json_is_refused(
    caller: Caller, body: bytes, kind: str, expected: int
) -> None:
    """HTTP 80: oversized, deep, broken or other bodies change nothing."""
    path = "/v1/domains/mail.acme.example/pause"
    headers = {"Content-Type": kind}
    status, problem = await caller.post(path, data=BytesIO(body), headers=headers)
    assert (status, problem["status"]) == (expected, expected)
    assert caller.steering.told == []


async def test_answers_are_kept_by_nobody(caller: Caller) -> None:
    """No cache, no guessing of types, no word about the software."""
    async with caller.session.get("/v1/status") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in answer.headers
