"""The public listener: leaving with one click, and nothing else.

Looking (GET, HEAD) changes nothing, since scanners follow every link; POST opts out,
from our page's button or straight from a mail program (RFC 8058: no cookie, no
redirect). It may be repeated. A token nobody knows gets the same pages: they tell
nothing about anybody. What cannot be stored is answered 503, never with "done".
"""

from __future__ import annotations

import re
from typing import Protocol

from aiohttp import web

from outreachd.rules.records import LedgerAwayError
from outreachd.web import pages
from outreachd.web.server import Bounds, application

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")

ONE_CLICK = "one-click"  # the mail program's button
PAGE = "page"  # ours


class OptOut(Protocol):
    """What the listener asks of the daemon; a token that is not ours is no error."""

    async def client_name(self, token: str) -> str | None:
        """Tell whose letters the token is about; None = not ours."""

    async def opt_out(self, token: str, source: str) -> None:
        """Write to this person no more; returns once it is stored."""


def public_app(opt_out: OptOut, bounds: Bounds | None = None) -> web.Application:
    """Make the application of the public listener."""

    async def look(request: web.Request) -> web.Response:
        token = request.match_info["token"]
        try:
            known = _TOKEN.fullmatch(token) is not None
            name = await opt_out.client_name(token) if known else None
        except LedgerAwayError:
            name = None  # the button may work in a minute
        return pages.ask(name)

    async def act(request: web.Request) -> web.Response:
        token, body = request.match_info["token"], await request.read()
        source = ONE_CLICK if b"One-Click" in body else PAGE
        if _TOKEN.fullmatch(token):
            await opt_out.opt_out(token, source)
        return pages.done()

    app = application(bounds or Bounds(), _refuse)
    app.add_routes([web.get("/u/{token}", look), web.post("/u/{token}", act)])
    return app


def _refuse(status: int, sentence: str) -> web.Response:
    if status in (404, 405):
        sentence = "There is nothing here."
    return pages.sorry(status, sentence)
