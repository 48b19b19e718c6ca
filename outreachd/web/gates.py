"""Who may call the control listener, and in which form it answers.

Each line of the token file is a caller: a token alone (the operator "control"), or
name, role and token. A viewer may only look. The listener keeps only the hashes of
tokens and compares in constant time; the audit has the caller's name. Browsers are
turned away: requests with an Origin, and over IP those whose Host is a name, which is
how DNS rebinding gets in. Answers are JSON, refusals problem+json.
Source: RFC 6750 (bearer tokens), RFC 9457 (problem details).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from pydantic import ValidationError

AUTHOR = "control"  # who the audit says it was: the holder of the token without a name
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
LOOKING = frozenset({"GET", "HEAD"})

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


class Role(StrEnum):
    """What a caller may do."""

    OPERATOR = "operator"  # all
    VIEWER = "viewer"  # look: GET and HEAD


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds a token; of that only the hash is kept."""

    name: str
    role: Role
    digest: bytes


CALLER = web.RequestKey("caller", Caller)


def token_line(line: str) -> tuple[str, Role, str]:
    """Read a line of a token file: name, role and token."""
    words = line.split()
    if len(words) == 3 and words[1] in {role.value for role in Role}:
        return words[0], Role(words[1]), words[2]
    return AUTHOR, Role.OPERATOR, line.strip()


def read_callers(text: str) -> list[Caller]:
    """Read the lines of a token file; ValueError if it holds none, or a name twice."""
    callers = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, role, token = token_line(line)
        callers.append(Caller(name, role, hashlib.sha256(token.encode()).digest()))
    if not callers:
        raise ValueError("the control token is empty")
    if len({caller.name for caller in callers}) < len(callers):
        raise ValueError("two control tokens have the same name")
    return callers


def author_of(request: web.Request) -> str:
    """Tell who asks, as the audit names them."""
    return request[CALLER].name


def bearer(tokens: str) -> Middleware:
    """Let only those through who show a token, and viewers only to look."""
    callers = read_callers(tokens)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in OPEN_PATHS:
            return await handler(request)
        scheme, _, shown = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        digest = hashlib.sha256(shown.strip().encode(errors="surrogateescape")).digest()
        # Each is compared: the time tells nothing about which one it was.
        found = [one for one in callers if hmac.compare_digest(digest, one.digest)]
        if found and scheme.lower() == "bearer":
            request[CALLER] = found[0]
            if found[0].role is Role.VIEWER and request.method not in LOOKING:
                raise web.HTTPForbidden(text="This token may look, but not act.")
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


async def json_body(request: web.Request) -> bytes:
    """Read a body that says it is JSON."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON: application/json.")
    return await request.read()


def mistakes(error: ValidationError) -> list[dict[str, str]]:
    """List every mistake, without the values that were sent."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        {"where": ".".join(map(str, one["loc"])), "message": one["msg"]}
        for one in found
    ]
