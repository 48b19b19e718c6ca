"""Who may call the control listener, and in which form it answers.

The listener keeps only the hash of its token and compares in constant time. Browsers
are turned away: requests with an Origin, and over IP those whose Host is a name, which
is how DNS rebinding gets in. Answers are JSON, refusals problem+json.
Source: RFC 6750 (bearer tokens), RFC 9457 (problem details).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

OPEN_PATHS = frozenset({"/healthz", "/readyz"})

log = structlog.get_logger()


def problem(
    status: int, detail: str, errors: Sequence[Mapping[str, str]] = ()
) -> web.Response:
    """Say what was wrong with a request, as RFC 9457 says it."""
    fields: dict[str, Any] = {"status": status, "detail": detail}
    if errors:
        fields["errors"] = errors
    return answer(fields, status, "application/problem+json")


def answer(
    value: object, status: int = 200, content_type: str = "application/json"
) -> web.Response:
    """Answer with JSON that nobody keeps."""
    return encoded(msgspec.json.encode(value), status, content_type)


def encoded(
    body: bytes, status: int = 200, content_type: str = "application/json"
) -> web.Response:
    """Answer with JSON that is written already."""
    return web.Response(
        body=body,
        status=status,
        content_type=content_type,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def bearer(token: str) -> Middleware:
    """Let only those through who show the token."""
    if not token:
        raise ValueError("the control token is empty")
    expected = hashlib.sha256(token.encode()).digest()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in OPEN_PATHS:
            return await handler(request)
        scheme, _, shown = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        digest = hashlib.sha256(shown.strip().encode(errors="surrogateescape")).digest()
        same = hmac.compare_digest(digest, expected)
        if same and scheme.lower() == "bearer":
            return await handler(request)
        log.warning("control.denied", method=request.method)
        response = problem(401, "Send the control token: Authorization: Bearer TOKEN.")
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
        return response

    return check


@web.middleware
async def no_browsers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse pages from elsewhere, and names whose DNS somebody else may change."""
    host = request.headers.get(hdrs.HOST, "localhost")
    over_ip = request.transport and request.transport.get_extra_info("peername")
    if hdrs.ORIGIN in request.headers:
        raise web.HTTPForbidden(text="This listener is not for browsers.")
    if over_ip and not _is_address(host):
        raise web.HTTPForbidden(text="Call this listener by its address, not a name.")
    return await handler(request)


def _is_address(host: str) -> bool:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.lower() == "localhost":
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
