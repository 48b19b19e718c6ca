"""``Idempotency-Key``: how a caller may repeat a request without doing it twice.

``call_of`` reads the header; ``answer_once`` turns what was kept into a response. The
same key with the same body gets the same answer, with another body 409; keys live
seven days. Two requests are the same if their bodies are the same, byte by byte.
Source: the IETF draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable

from aiohttp import web

from outreachd.store.idempotency import Call, Kept, OtherBodyError
from outreachd.web.gates import encoded, problem

HEADER = "Idempotency-Key"
_KEY = re.compile(r'[!#-~]{1,200}|"[!#-~]{1,200}"')


def call_of(request: web.Request, route: str, body: bytes) -> Call | None:
    """Name a request by its key; None if it has none. ``route``: "POST /v1/sends"."""
    given = request.headers.getall(HEADER, [])
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise web.HTTPBadRequest(
            text=f"{HEADER} must be one word of at most 200 visible ASCII characters."
        )
    return Call(route, given[0].strip('"'), hashlib.sha256(body).digest())


async def answer_once(work: Awaitable[Kept]) -> web.Response:
    """Answer with what was kept, now or before; 409 if the key meant another body."""
    try:
        kept = await work
    except OtherBodyError:
        return problem(
            409,
            f"This {HEADER} was used for another body: take a new key for a new order.",
        )
    return encoded(kept.answer.encode(), kept.status)
