"""The public listener: leaving with one click, saying yes, and nothing else.

Looking (GET, HEAD) changes nothing, since scanners follow every link; POST opts out,
from our page's button or straight from a mail program (RFC 8058: no cookie, no
redirect). It may be repeated. A token nobody knows costs no query; on the way out it
gets the same pages, which tell nothing about anybody; a yes that would set nothing off
is answered 404, never with "confirmed". What cannot be stored is answered 503, never
with "done". However many ask, only a few at a time use the database.
"""

from __future__ import annotations

import asyncio
import re
from typing import Protocol

from aiohttp import hdrs, web

from outreachd.rules.language import Language, language_of
from outreachd.rules.records import LedgerAwayError
from outreachd.store.consent import Asked
from outreachd.store.suppressions import Person
from outreachd.web import pages
from outreachd.web.server import Bounds, application

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")

ONE_CLICK = "one-click"  # the mail program's button
PAGE = "page"  # ours
AT_A_TIME = 4  # requests that use the database


class OptOut(Protocol):
    """What the listener asks of the daemon; a token that is not ours is no error."""

    async def person(self, token: str) -> Person | None:
        """Tell who holds the token; None = not ours."""

    async def opt_out(self, token: str, source: str) -> Person | None:
        """Write to this person no more; returns once it is stored. None = not ours."""


class Consent(Protocol):
    """What it asks of the daemon about who was asked for a yes."""

    async def asked(self, token: str) -> Asked | None:
        """Tell who holds the token; None = not ours."""

    async def confirm(self, token: str) -> Asked | None:
        """Keep a yes; returns once it is stored. None = not ours."""


def public_app(
    opt_out: OptOut,
    consent: Consent,
    mailto: str | None = None,
    bounds: Bounds | None = None,
) -> web.Application:
    """Make the application; ``mailto`` is an address that takes opt-outs by mail."""
    turns = asyncio.Semaphore(AT_A_TIME)
    out, yes = _WayOut(opt_out, mailto, turns), _Yes(consent, turns)
    app = application(bounds or Bounds(), _refuse)
    app.add_routes(
        [
            web.get("/u/{token}", out.look),
            web.post("/u/{token}", out.act),
            web.get("/c/{token}", yes.look),
            web.post("/c/{token}", yes.act),
        ]
    )
    return app


class _Yes:
    """Saying yes to the letter of a double opt-in."""

    def __init__(self, consent: Consent, turns: asyncio.Semaphore) -> None:
        self._consent, self._turns = consent, turns

    async def look(self, request: web.Request) -> web.Response:
        """Show the button, or that it was pressed."""
        token, asked = _token(request), None
        try:
            if token:
                async with self._turns:
                    asked = await self._consent.asked(token)
        except LedgerAwayError:  # the button may work in a minute
            return pages.ask_for_yes(None, _language(request, None))
        if asked is None:
            return pages.unknown_link(_language(request, None))
        show = pages.confirmed if asked.has_said_yes else pages.ask_for_yes
        return show(asked.client, _language(request, asked))

    async def act(self, request: web.Request) -> web.Response:
        """Keep the yes."""
        token, asked = _token(request), None
        await request.read()
        try:
            if token:
                async with self._turns:
                    asked = await self._consent.confirm(token)
        except LedgerAwayError:
            return _try_again(request)
        if asked is None:
            return pages.unknown_link(_language(request, None))
        return pages.confirmed(asked.client, _language(request, asked))


class _WayOut:
    """Leaving."""

    def __init__(
        self, opt_out: OptOut, mailto: str | None, turns: asyncio.Semaphore
    ) -> None:
        self._opt_out, self._mailto, self._turns = opt_out, mailto, turns

    async def look(self, request: web.Request) -> web.Response:
        """Show the button, or that there is no more to leave."""
        token, person = _token(request), None
        try:
            if token:
                async with self._turns:
                    person = await self._opt_out.person(token)
        except LedgerAwayError:
            pass  # the button may work in a minute
        language = _language(request, person)
        if person and person.has_left:
            return pages.done(person.client, language)
        client = person.client if person else None
        return pages.ask(client, language, self._by_mail(token))

    async def act(self, request: web.Request) -> web.Response:
        """Opt out; a program that asks for it sees the same as a person."""
        token, person = _token(request), None
        source = ONE_CLICK if b"One-Click" in await request.read() else PAGE
        try:
            if token:
                async with self._turns:
                    person = await self._opt_out.opt_out(token, source)
        except LedgerAwayError:
            return _try_again(request, self._by_mail(token))
        client = person.client if person else None
        return pages.done(client, _language(request, person))

    def _by_mail(self, token: str) -> str:
        return f"{self._mailto}?subject={token}" if self._mailto and token else ""


def _token(request: web.Request) -> str:
    token = request.match_info["token"]
    return token if _TOKEN.fullmatch(token) else ""


def _try_again(request: web.Request, mailto: str = "") -> web.Response:
    response = pages.try_again(_language(request, None), mailto)
    response.headers[hdrs.RETRY_AFTER] = "60"
    return response


def _language(request: web.Request, person: Person | Asked | None) -> Language:
    language, country = (person.language, person.country) if person else ("", "")
    return language_of(language, country, request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))


def _refuse(status: int, sentence: str) -> web.Response:
    if status in (404, 405):
        sentence = "There is nothing here."
    return pages.sorry(status, sentence)
