"""What a stranger may do to a listener: little, and not for long.

Real connections on loopback; tests wait for the server to act, never for time to pass.
A test that waits for a limit shortens that one and no other, so that a busy machine
cannot make another step fail.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from outreachd.listen import TcpListen, UnixListen
from outreachd.rules.records import LedgerAwayError
from outreachd.web.server import Bounds, Listener, ListenError, application, listen

HERE = TcpListen("127.0.0.1", 0)
PATIENT = Bounds(header_s=60.0, body_s=60.0, connections=3)


def refuse(status: int, sentence: str) -> web.Response:
    """Refuse in plain text."""
    return web.Response(status=status, text=sentence)


def app(bounds: Bounds = PATIENT) -> web.Application:
    """Make an application that echoes, breaks or misses its database."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def breaks(request: web.Request) -> web.Response:
        raise RuntimeError("secret detail")

    async def away(request: web.Request) -> web.Response:
        raise LedgerAwayError

    made = application(bounds, refuse)
    made.add_routes([web.post("/echo", echo), web.get("/breaks/{token}", breaks)])
    made.add_routes([web.get("/away", away)])
    return made


@asynccontextmanager
async def listening(bounds: Bounds = PATIENT) -> AsyncIterator[Listener]:
    """Run the application on a free port."""
    listener = await listen(app(bounds), HERE, setting="[http] listen")
    try:
        yield listener
    finally:
        await listener.close()


async def exchange(listener: Listener, *sent: bytes) -> bytes:
    """Send these octets and read until the server closes."""
    reader, writer = await asyncio.open_connection(*listener.address)
    try:
        for part in sent:
            writer.write(part)
            await writer.drain()
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def post(body: bytes, *headers: str) -> bytes:
    """Write a POST of a body."""
    lines = ["POST /echo HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if not any("ransfer" in header for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_where_it_listens_is_told_as_people_write_it() -> None:
    """Host and port, not a tuple of Python's."""
    with capture_logs() as lines:
        async with listening() as listener:
            host, port = listener.address
    assert lines[0]["at"] == f"{host}:{port}"


async def test_an_ordinary_request_is_answered_without_a_word_about_us() -> None:
    """No Server header tells which software to attack."""
    async with listening() as listener:
        answer = await exchange(listener, post(b"hello"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nhello")
    assert b"server:" not in answer.lower()


async def test_slow_headers_are_not_waited_for() -> None:
    """HTTP 78: who does not finish the headers is cut off."""
    async with listening(Bounds(header_s=0.2)) as listener:
        assert await exchange(listener, b"POST /echo HTTP/1.1\r\nHost: ") == b""


async def test_an_idle_connection_is_closed() -> None:
    """HTTP 78: a caller that says nothing, first or between requests, is closed."""
    keep = post(b"x").replace(b"Connection: close\r\n", b"")
    async with listening(Bounds(header_s=1.0)) as listener:
        assert await exchange(listener) == b""
        assert (await exchange(listener, keep)).endswith(b"\r\n\r\nx")


async def test_a_slow_body_is_not_waited_for() -> None:
    """HTTP 78: a body that does not come whole in time is refused and cut off."""
    headers = ["POST /echo HTTP/1.1", "Host: h", "Content-Length: 10", "", "x"]
    async with listening(Bounds(body_s=0.2)) as listener:
        answer = await exchange(listener, "\r\n".join(headers).encode())
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_who_hangs_up_in_mid_body_is_no_fault_of_ours() -> None:
    """HTTP 78: callers hang up every day; no error is logged, no traceback written."""
    headers = ["POST /echo HTTP/1.1", "Host: h", "Content-Length: 10", "", "x"]
    chunks = ["POST /echo HTTP/1.1", "Host: h", "Transfer-Encoding: chunked", "", "3"]
    with capture_logs() as logged:
        async with listening(Bounds()) as listener:
            for lines in (headers, chunks):
                reader, writer = await asyncio.open_connection(*listener.address)
                writer.write("\r\n".join(lines).encode())
                writer.write_eof()
                assert await reader.read() == b""
                writer.close()
    assert [line["event"] for line in logged] == ["http.listening"]


async def test_a_large_body_is_refused() -> None:
    """HTTP 79: over 64 KB is 413, whether announced or in chunks."""
    body = b"x" * (64 * 1024 + 1)
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    async with listening() as listener:
        for sent in (post(body), post(chunk, "Transfer-Encoding: chunked")):
            assert (await exchange(listener, sent)).startswith(b"HTTP/1.1 413 ")


async def test_a_compressed_body_is_never_unpacked() -> None:
    """HTTP 79: a bomb is refused unopened, and would not have been opened anyway."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 64 * 1024
    async with listening() as listener:
        for encoding in ("gzip", "deflate", "br", "zstd", "x-gzip", "gzip, gzip"):
            sent = post(bomb, f"Content-Encoding: {encoding}")
            assert (await exchange(listener, sent)).startswith(b"HTTP/1.1 415 ")
        same = await exchange(listener, post(bomb, "Content-Encoding: identity"))
    assert same.endswith(bomb)


@pytest.mark.parametrize(
    "sent",
    [
        post(b"0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Length: 5"),
        post(b"x", "Content-Length: 2"),
        post(b"", "Transfer-Encoding: gzip, chunked, identity"),
        post(b"zz\r\n\r\n", "Transfer-Encoding: chunked"),
        post(b"x", "Bad Header: 1"),
        post(b"x", "X-Nul: a\0b"),
        post(b"x").replace(b"\r\n", b"\n"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
)
async def test_what_is_not_plain_http_is_refused(sent: bytes) -> None:
    """HTTP 79: two lengths, bad chunks, NUL, bare LF: 400, and no word about us."""
    async with listening() as listener:
        answer = await exchange(listener, sent)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"aiohttp" not in answer
    assert b"Python" not in answer


async def test_a_fault_of_ours_is_logged_and_not_shown() -> None:
    """The caller learns 500 and no more; the log has the fault, but not the path."""
    with capture_logs() as logged:
        async with listening() as listener:
            request = (
                b"GET /breaks/TOKEN HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            )
            answer = await exchange(listener, request)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret detail" not in answer
    (fault,) = [line for line in logged if line["event"] == "http.fault"]
    assert fault["route"] == "/breaks/{token}"
    assert "TOKEN" not in json.dumps(fault, default=str)


async def test_a_database_away_is_said_so() -> None:
    """503 with a time to come back, not a fault."""
    async with listening() as listener:
        request = b"GET /away HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        answer = await exchange(listener, request)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 60" in answer


async def test_a_wrong_method_is_told_which_is_right() -> None:
    """405 keeps its Allow header."""
    async with listening() as listener:
        request = b"GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        answer = await exchange(listener, request)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: POST" in answer
    assert answer.endswith(b"This path answers POST only.")


async def test_a_path_that_is_not_there_is_a_sentence() -> None:
    """Not what the library says by itself: a number and two words."""
    async with listening() as listener:
        request = b"GET /nowhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        answer = await exchange(listener, request)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b"There is no such path here.")


async def test_closing_does_not_wait_for_idle_callers() -> None:
    """Our end is not held up by a connection nobody uses."""
    async with listening(Bounds()) as listener:
        reader, writer = await asyncio.open_connection(*listener.address)
        writer.write(post(b"x").replace(b"Connection: close\r\n", b""))
        await reader.readuntil(b"\r\n\r\nx")
        await listener.close()
        assert await reader.read() == b""
        writer.close()


async def test_a_port_in_use_is_one_sentence() -> None:
    """The sentence names the place and the setting to change."""
    async with listening() as listener:
        taken = TcpListen(*listener.address)
        with pytest.raises(ListenError, match=r"127\.0\.0\.1.*\[http\] listen"):
            await listen(app(), taken, setting="[http] listen")


async def test_a_unix_socket_is_ours_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S22: mode 0600 from the first moment; gone when we are."""
    monkeypatch.chdir(tmp_path)  # socket paths are short
    at = UnixListen(Path("control.sock"))
    listener = await listen(app(), at, setting="[http] listen")
    assert stat.S_IMODE(at.path.stat().st_mode) == 0o600
    reader, writer = await asyncio.open_unix_connection(str(at.path))
    writer.write(post(b"hello"))
    assert (await reader.read()).endswith(b"hello")
    writer.close()
    await listener.close()
    assert not at.path.exists()


async def test_a_dead_socket_is_replaced_and_a_live_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a crash left behind does not stop us; a running daemon is not robbed."""
    monkeypatch.chdir(tmp_path)
    at = UnixListen(Path("control.sock"))
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(at.path))
    listener = await listen(app(), at, setting="[http] listen")
    with pytest.raises(ListenError, match=r"control\.sock"):
        await listen(app(), at, setting="[http] listen")
    await listener.close()
