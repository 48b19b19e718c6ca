"""Who gets through to the control listener, and who does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession, UnixConnector, web
from structlog.testing import capture_logs

from outreachd.listen import Listening, TcpListen, UnixListen
from outreachd.web.gates import answer, author_of, bearer, no_browsers, problem
from outreachd.web.server import Bounds, Listener, application, listen

TOKEN = "correct horse"
OPEN = ("/healthz", "/readyz")
HERE = TcpListen("127.0.0.1", 0)


async def listening(at: Listening = HERE) -> Listener:
    """Open a listener whose every path says yes to those who come through."""

    async def yes(request: web.Request) -> web.Response:
        return answer({"yes": True})

    app = application(Bounds(linger_s=0.05), problem, no_browsers, bearer(TOKEN))
    app.add_routes([web.route("*", path, yes) for path in (*OPEN, "/v1/status")])
    return await listen(app, at, setting="x")


async def call(path: str, *, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Make one call with these headers; tell status and type."""
    listener = await listening()
    host, port = listener.address
    async with ClientSession(f"http://{host}:{port}") as session:
        async with session.request(method, path, headers=headers) as reply:
            seen = reply.status, reply.headers["Content-Type"]
    await listener.close()
    return seen


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer Bearer {TOKEN}",
        "Bearer \u00e9\u20ac",
        "Bearer " + "x" * 7000,
    ],
)
async def test_without_the_token_nothing_is_told(shown: str | None) -> None:
    """HTTP 80: absent, wrong or malformed is 401, and is logged without the value."""
    headers = {} if shown is None else {"Authorization": shown}
    with capture_logs() as logged:
        status, kind = await call("/v1/status", **headers)
    assert (status, kind) == (401, "application/problem+json")
    denied = [line for line in logged if line["event"] == "control.denied"]
    assert denied == [
        {"event": "control.denied", "method": "GET", "log_level": "warning"}
    ]


async def test_unknown_paths_are_not_told_to_strangers() -> None:
    """401 comes before 404 and 405: the inventory is for those with the token."""
    assert (await call("/v1/other"))[0] == 401
    assert (await call("/v1/status", method="PATCH"))[0] == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_token_opens(scheme: str) -> None:
    """The scheme's case does not matter (RFC 9110 section 11.1)."""
    status, kind = await call("/v1/status", Authorization=f"{scheme} {TOKEN}")
    assert (status, kind) == (200, "application/json")


@pytest.mark.parametrize("path", OPEN)
async def test_health_needs_no_token(path: str) -> None:
    """Probes carry no secrets."""
    assert (await call(path))[0] == 200


async def test_an_empty_token_is_a_mistake() -> None:
    """An empty token file must not become an open door."""
    with pytest.raises(ValueError, match="empty"):
        bearer("")


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Origin", "http://evil.example", 403),
        ("Origin", "null", 403),
        ("Host", "evil.example", 403),
        ("Host", "evil.example:8025", 403),
        ("Host", "127.0.0.1.evil.example", 403),
        ("Host", "[evil.example]", 403),
        ("Host", "", 403),
        ("Host", "localhost:8025", 200),
        ("Host", "127.0.0.1", 200),
        ("Host", "[::1]:8025", 200),
        ("Host", "[::1]", 200),
    ],
)
async def test_browsers_are_turned_away(name: str, value: str, status: int) -> None:
    """HTTP 80: another site's page, or a name rebound to loopback, gets nowhere."""
    assert (await call("/healthz", **{name: value}))[0] == status


async def test_over_a_unix_socket_any_host_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No browser reaches a unix socket, and its clients invent a host."""
    monkeypatch.chdir(tmp_path)  # socket paths are short
    listener = await listening(UnixListen(Path("s")))
    async with ClientSession(connector=UnixConnector("s")) as session:
        async with session.get("http://outreachd/healthz") as reply:
            assert reply.status == 200
    await listener.close()


async def test_a_stranger_cannot_make_us_read_a_body() -> None:
    """The token is checked before a body is waited for."""
    listener = await listening()
    reader, writer = await asyncio.open_connection(*listener.address)
    head = (
        "POST /v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
    )
    writer.write(head.encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 401 ")
    writer.close()
    await listener.close()


def test_a_problem_lists_its_mistakes() -> None:
    """RFC 9457: a type of its own, the status again, extensions beside."""
    made = problem(422, "no", [{"where": "until", "message": "late"}])
    assert made.content_type == "application/problem+json"
    assert made.body == (
        b'{"status":422,"detail":"no","errors":[{"where":"until","message":"late"}]}'
    )


CALLERS = "plain-token\nann operator ann-secret\n\nwatch viewer watch-secret\n"


@pytest.mark.parametrize(
    ("token", "method", "status", "author"),
    [
        ("plain-token", "POST", 200, "control"),
        ("ann-secret", "POST", 200, "ann"),
        ("watch-secret", "GET", 200, "watch"),
        ("watch-secret", "POST", 403, ""),
        ("watch", "GET", 401, ""),
        ("ann operator ann-secret", "GET", 401, ""),
    ],
)
async def test_each_token_has_a_name_and_a_role(
    token: str, method: str, status: int, author: str
) -> None:
    """The audit learns who asked; a viewer's token may look and not act."""

    async def who(request: web.Request) -> web.Response:
        return answer(author_of(request))

    app = application(Bounds(), problem, no_browsers, bearer(CALLERS))
    app.add_routes([web.route("*", "/v1/who", who)])
    listener = await listen(app, HERE, setting="x")
    host, port = listener.address
    async with ClientSession(f"http://{host}:{port}") as session:
        headers = {"Authorization": f"Bearer {token}"}
        async with session.request(method, "/v1/who", headers=headers) as reply:
            told = await reply.json(content_type=None)
    await listener.close()
    assert (reply.status, told if status == 200 else "") == (status, author)


@pytest.mark.parametrize("text", ["", " \n", "a viewer x\na viewer y", "x\ny"])
def test_a_token_file_that_names_nobody_or_one_twice_is_refused(text: str) -> None:
    """The start stops, not the first caller."""
    with pytest.raises(ValueError, match=r"empty|same name"):
        bearer(text)
