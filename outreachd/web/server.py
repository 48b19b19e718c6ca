"""An aiohttp listener that a stranger cannot use to slow the daemon down.

Always: bodies of 64 KB at most and whole within 10 s, no decompression (415), headers
within 10 s, idle connections and callers who do not read closed after as long, a cap on
connections, no word about the software. A handler's fault is logged and answered with a
bare 500. Seconds and octets. Errors: ListenError, a sentence for people, when the place
cannot be had.
Source: aiohttp documentation, "Server reference"; RFC 9110.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from outreachd.listen import Listening, UnixListen
from outreachd.rules.records import LedgerAwayError
from outreachd.store.database import UnfitError
from outreachd.web.connection import Connection

CLOSE_S = 2.0  # how long requests under way may hold up our end

# Makes the answer to a refused request: status and a sentence.
Refusal = Callable[[int, str], web.Response]

log = structlog.get_logger()


class ListenError(Exception):
    """The address or socket cannot be listened on; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one listener lets its callers use."""

    header_s: float = 10.0  # for the headers, and between two requests
    body_s: float = 10.0
    linger_s: float = 1.0  # for the rest of a refused body, which is thrown away
    write_s: float = 10.0  # for a caller to make room for the rest of an answer
    body_octets: int = 64 * 1024
    connections: int = 512


BOUNDS = web.AppKey("bounds", Bounds)


class _GoneError(Exception):
    """A caller hung up before its body was whole: no fault of ours."""


class Listener:
    """An open listener; ``address`` is where it can be reached."""

    def __init__(
        self, runner: web.AppRunner, server: asyncio.Server, at: Listening
    ) -> None:
        self._runner, self._server, self._at = runner, server, at
        self.address = server.sockets[0].getsockname()

    async def close(self) -> None:
        """Stop listening, let requests under way end, close all connections."""
        self._server.close()
        await self._runner.cleanup()
        if isinstance(self._at, UnixListen):
            self._at.path.unlink(missing_ok=True)


async def listen(app: web.Application, at: Listening, *, setting: str) -> Listener:
    """Open a listener; ``setting`` is what a person changes when that fails."""
    runner = web.AppRunner(app, shutdown_timeout=CLOSE_S, access_log=None)
    await runner.setup()
    try:
        server = await _serve(_connections(runner, app[BOUNDS]), at)
    except OSError as error:
        await runner.cleanup()
        where = at.path if isinstance(at, UnixListen) else f"{at.host}:{at.port}"
        raise ListenError(
            f"cannot listen on {where} ({error.strerror or error}): "
            f"stop what uses it, or change {setting}"
        ) from error
    listener = Listener(runner, server, at)
    bound = listener.address  # a path, or host, port and what IPv6 adds
    where = bound if isinstance(bound, str) else f"{bound[0]}:{bound[1]}"
    log.info("http.listening", setting=setting, at=where)
    return listener


def application(
    bounds: Bounds,
    refuse: Refusal,
    *gates: Middleware,
) -> web.Application:
    """Make an application whose answers are safe; ``gates`` run before the body."""

    async def finish(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.popall(hdrs.SERVER, None)

    app = web.Application(
        middlewares=[_refusals(refuse), *gates, _whole_body(bounds)],
        client_max_size=bounds.body_octets,
    )
    app[BOUNDS] = bounds
    app.on_response_prepare.append(finish)
    return app


def _refusals(refuse: Refusal) -> Middleware:
    """Answer whatever goes wrong below in the listener's own way."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            response = refuse(error.status, _in_words(error))
            if allowed := error.headers.get(hdrs.ALLOW):
                response.headers[hdrs.ALLOW] = allowed
        except LedgerAwayError:
            response = refuse(503, "The database is away; try again in a minute.")
            response.headers[hdrs.RETRY_AFTER] = "60"
        except UnfitError as error:
            sentence = str(error)
            response = refuse(422, f"{sentence[:1].upper()}{sentence[1:]}.")
        except _GoneError:  # nobody reads this
            response = refuse(400, "The body broke off.")
        except Exception:
            # The route, not the path: a path may hold an opt-out token.
            resource = request.match_info.route.resource
            log.exception("http.fault", route=resource.canonical if resource else "")
            response = refuse(500, "Something broke on our side; it has been noted.")
        if response.status in (408, 413, 415):
            response.force_close()  # the rest of the body is of no interest
        return response

    return answer


def _in_words(error: web.HTTPException) -> str:
    """Give our sentence, or one of ours for what aiohttp says by itself."""
    if error.text and error.text != f"{error.status}: {error.reason}":
        return error.text
    match error.status:
        case 404:
            return "There is no such path here."
        case 405:
            ways = error.headers.get(hdrs.ALLOW, "").replace(",", " or ")
            return f"This path answers {ways} only."
        case _:
            return f"{error.reason}."


def _whole_body(bounds: Bounds) -> Middleware:
    """Read the body before the handler starts, so that none waits for a slow one."""

    @web.middleware
    async def read(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
            raise web.HTTPUnsupportedMediaType(text="Send the body uncompressed.")
        try:
            async with asyncio.timeout(bounds.body_s):
                await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="The body came too slowly.") from None
        except ConnectionError:
            raise _GoneError from None
        return await handler(request)

    return read


def _connections(
    runner: web.AppRunner, bounds: Bounds
) -> Callable[[], asyncio.Protocol]:
    """Make a connection's protocol with our bounds, as many as may be open."""
    manager, loop = runner.server, asyncio.get_running_loop()
    assert manager is not None, "the runner was set up"
    open_now: set[Connection] = set()

    def connection() -> asyncio.Protocol:
        return Connection(
            manager,
            open_now,
            most=bounds.connections,
            write_s=bounds.write_s,
            loop=loop,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=bounds.header_s,
            lingering_time=bounds.linger_s,
        )

    return connection


async def _serve(
    factory: Callable[[], asyncio.Protocol], at: Listening
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if isinstance(at, UnixListen):
        return await loop.create_unix_server(factory, sock=_private_socket(at))
    return await loop.create_server(factory, at.host, at.port)


def _private_socket(at: UnixListen) -> socket.socket:
    """Bind a socket of which only our user can make use; a dead one is replaced."""
    path = str(at.path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            if at.path.is_socket() and caller.connect_ex(path) != 0:
                at.path.unlink()
        listener.bind(path)
        at.path.chmod(0o600)  # nobody can connect before listen(), so no gap
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
