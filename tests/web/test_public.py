"""Leaving: looking changes nothing, one POST is enough, nobody learns anything."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, ClientSession

from outreachd.listen import TcpListen
from outreachd.rules.language import Language
from outreachd.rules.records import LedgerAwayError
from outreachd.store.consent import Asked
from outreachd.store.suppressions import Person
from outreachd.web.page_words import WORDS
from outreachd.web.public import AT_A_TIME, PAGE, public_app
from outreachd.web.server import listen

TOKEN = "AAFvcGVu_-token"
NAME = "Acme <b>GmbH</b>"
MAILTO = "leave@acme.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class FakeOptOut:
    """One known token; notes who left."""

    def __init__(self) -> None:
        self.left: list[tuple[str, str]] = []
        self.said_yes: list[str] = []
        self.away = False
        self.speaks = ("", "")  # the contact's language and country
        self.asked_now = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.full = asyncio.Event()

    async def person(self, token: str) -> Person | None:
        """Know one token."""
        self.asked_now += 1
        self.most_at_once = max(self.most_at_once, self.asked_now)
        if self.asked_now == AT_A_TIME:
            self.full.set()
        await self.gate.wait()
        self.asked_now -= 1
        if self.away:
            raise LedgerAwayError
        has_left = (TOKEN, PAGE) in self.left
        return Person(NAME, *self.speaks, has_left) if token == TOKEN else None

    async def opt_out(self, token: str, source: str) -> Person | None:
        """Note it."""
        person = await self.person(token)
        self.left.append((token, source))
        return person

    async def asked(self, token: str) -> Asked | None:
        """Know the same token as that of a question."""
        if self.away:
            raise LedgerAwayError
        has_said_yes = token in self.said_yes
        return Asked(NAME, *self.speaks, has_said_yes) if token == TOKEN else None

    async def confirm(self, token: str) -> Asked | None:
        """Note a yes."""
        if await self.asked(token):
            self.said_yes.append(token)
        return await self.asked(token)


class Visitor:
    """Anybody on the internet."""

    def __init__(self, session: ClientSession, opt_out: FakeOptOut) -> None:
        self.session, self.opt_out = session, opt_out

    async def call(
        self, method: str, path: str, **more: object
    ) -> tuple[ClientResponse, str]:
        """Make a request without following anything."""
        async with self.session.request(
            method,
            path,
            allow_redirects=False,
            **more,  # type: ignore[arg-type]
        ) as answer:
            return answer, await answer.text()


@pytest_asyncio.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Open the public listener."""
    opt_out = FakeOptOut()
    app = public_app(opt_out, opt_out, MAILTO)
    listener = await listen(app, TcpListen("127.0.0.1", 0), setting="x")
    host, port = listener.address
    async with ClientSession(f"http://{host}:{port}") as session:
        yield Visitor(session, opt_out)
    await listener.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_scanner_that_follows_the_link_opts_nobody_out(
    visitor: Visitor, method: str
) -> None:
    """S9: looking shows one button and changes nothing."""
    answer, page = await visitor.call(method, f"/u/{TOKEN}")
    assert answer.status == 200
    assert visitor.opt_out.left == []
    if method == "GET":
        assert page.count("<button") == 1
        assert '<form method="post">' in page
        assert "Acme &lt;b&gt;GmbH" in page


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ({"data": ONE_CLICK}, "one-click"),
        ({"data": b""}, "page"),
        ({"data": {"other": "1"}}, "page"),
        ({}, "page"),
    ],
)
async def test_one_post_is_enough(
    visitor: Visitor, body: dict[str, object], source: str
) -> None:
    """RFC 8058: no cookie, no redirect, no second question; from page or program."""
    answer, page = await visitor.call("POST", f"/u/{TOKEN}", **body)
    assert (answer.status, "Set-Cookie" in answer.headers) == (200, False)
    assert "no more" in page
    assert visitor.opt_out.left == [(TOKEN, source)]


async def test_a_multipart_one_click_counts_too(visitor: Visitor) -> None:
    """RFC 8058 section 3.2 allows multipart/form-data."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
        b"One-Click\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer, _ = await visitor.call("POST", f"/u/{TOKEN}", data=body, headers=headers)
    assert answer.status == 200
    assert visitor.opt_out.left == [(TOKEN, "one-click")]


LANGUAGES = [
    (("de", "RU"), "fr", "de"),
    (("de-AT", ""), "ru", "de"),
    (("tr", "DE"), "ru", "de"),
    (("", "RU"), "de", "ru"),
    (("", ""), "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
    (("", ""), "", "en"),
]


@pytest.mark.parametrize(("speaks", "accepted", "language"), LANGUAGES)
async def test_the_page_speaks_the_recipients_language(
    visitor: Visitor, speaks: tuple[str, str], accepted: str, language: str
) -> None:
    """By what is known of the contact, then by what the browser asks for."""
    visitor.opt_out.speaks = speaks
    words = WORDS[Language(language)]
    headers = {"Accept-Language": accepted}
    _, asked = await visitor.call("GET", f"/u/{TOKEN}", headers=headers)
    assert (f'<html lang="{language}">' in asked, words.button in asked) == (True, True)
    _, done = await visitor.call("POST", f"/u/{TOKEN}", headers=headers)
    assert words.done in done
    assert words.effect.format(client=NAME) in html.unescape(done)


async def test_the_page_names_the_way_by_mail(visitor: Visitor) -> None:
    """Who cannot use the button writes; the token says who it is."""
    _, page = await visitor.call("GET", f"/u/{TOKEN}")
    assert f'<a href="mailto:{MAILTO}?subject={TOKEN}">{MAILTO}</a>' in page


async def test_who_has_left_is_told_so(visitor: Visitor) -> None:
    """Looking again shows no button: there is nothing left to leave."""
    await visitor.call("POST", f"/u/{TOKEN}")
    _, page = await visitor.call("GET", f"/u/{TOKEN}")
    assert ("<button" in page, "no more" in page) == (False, True)


async def test_however_many_ask_few_use_the_database(visitor: Visitor) -> None:
    """A flood of links waits in line: the letters need the database too."""
    fake = visitor.opt_out
    fake.gate.clear()
    calls = [asyncio.create_task(visitor.call("GET", f"/u/{TOKEN}")) for _ in range(20)]
    await fake.full.wait()
    fake.gate.set()
    assert all(answer.status == 200 for answer, _ in await asyncio.gather(*calls))
    assert fake.most_at_once == AT_A_TIME


async def test_leaving_twice_is_leaving(visitor: Visitor) -> None:
    """The second answer is the same as the first."""
    first = await visitor.call("POST", f"/u/{TOKEN}", data=ONE_CLICK)
    second = await visitor.call("POST", f"/u/{TOKEN}", data=ONE_CLICK)
    assert (first[0].status, first[1]) == (second[0].status, second[1])


@pytest.mark.parametrize(
    "token", ["unknown", "x" * 500, "a%00b", "%F0%9F%98%80", "a%2Fb", "%22%3E%3Cb%3E"]
)
async def test_an_unknown_token_gets_the_same_pages(
    visitor: Visitor, token: str
) -> None:
    """S9: nobody learns by trying whether a token is real."""
    looked, page = await visitor.call("GET", f"/u/{token}")
    acted, done = await visitor.call("POST", f"/u/{token}", data=ONE_CLICK)
    known, known_done = await visitor.call("POST", f"/u/{TOKEN}", data=ONE_CLICK)
    assert (looked.status, acted.status, known.status) == (200, 200, 200)
    assert "this sender" in page
    assert html.unescape(done) == html.unescape(known_done).replace(NAME, "this sender")
    assert all(len(left) <= 128 for left, _ in visitor.opt_out.left)


async def test_what_was_not_stored_is_not_confirmed(visitor: Visitor) -> None:
    """With the database away the button is shown, but pressing it says: try again."""
    visitor.opt_out.away = True
    looked, _ = await visitor.call("GET", f"/u/{TOKEN}")
    acted, page = await visitor.call("POST", f"/u/{TOKEN}", data=ONE_CLICK)
    assert (looked.status, acted.status) == (200, 503)
    assert MAILTO in page
    assert acted.headers["Retry-After"] == "60"
    assert "no more" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/u",
        "/u/",
        f"/u/{TOKEN}/x",
        "/metrics",
        "/healthz",
        "/readyz",
        "/v1/status",
        "/v1/drain",
        "/favicon.ico",
        "/robots.txt",
    ],
)
async def test_there_is_nothing_else(visitor: Visitor, path: str) -> None:
    """S15: metrics and control are never on the public side."""
    for method in ("GET", "POST"):
        answer, page = await visitor.call(method, path)
        assert answer.status == 404
        assert "There is nothing here." in page


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_do_nothing(visitor: Visitor, method: str) -> None:
    """Looking and leaving are the only two."""
    answer, _ = await visitor.call(method, f"/u/{TOKEN}")
    assert answer.status == 405
    assert visitor.opt_out.left == []


async def test_every_answer_carries_the_strict_headers(visitor: Visitor) -> None:
    """Also the refusals: no scripts, no frames, no cache, no Referer, no Server."""
    bomb = {"data": b"x", "headers": {"Content-Encoding": "gzip"}}
    for answer, _ in (
        await visitor.call("GET", f"/u/{TOKEN}"),
        await visitor.call("POST", f"/u/{TOKEN}"),
        await visitor.call("GET", "/"),
        await visitor.call("PUT", f"/u/{TOKEN}"),
        await visitor.call("POST", f"/u/{TOKEN}", **bomb),
    ):
        headers = answer.headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none';")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "Server" not in headers
        assert answer.cookies == {}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_a_question_says_nothing(
    visitor: Visitor, method: str
) -> None:
    """A scanner that follows the link confirms nothing."""
    answer, _ = await visitor.call(method, f"/c/{TOKEN}")
    assert answer.status == 200
    assert visitor.opt_out.said_yes == []


@pytest.mark.parametrize("language", list(Language))
async def test_one_press_says_yes(visitor: Visitor, language: Language) -> None:
    """The button, then thanks, then the same for who comes back, in their language."""
    visitor.opt_out.speaks = (language.value, "")
    words = WORDS[language]
    _, asked = await visitor.call("GET", f"/c/{TOKEN}")
    assert f"<button>{html.escape(words.confirm_button)}</button>" in asked
    assert html.escape(NAME, quote=False) in asked.replace("&#x2f;", "/")
    for method in ("POST", "GET"):
        answer, body = await visitor.call(method, f"/c/{TOKEN}")
        assert (answer.status, words.confirmed in body) == (200, True)
    assert visitor.opt_out.said_yes == [TOKEN]


async def test_a_question_nobody_was_asked_is_no_yes(visitor: Visitor) -> None:
    """Who follows half a link is never told that all is well; nothing is stored."""
    for method in ("GET", "POST"):
        for token in ("unknown", "not.a.token"):
            answer, body = await visitor.call(method, f"/c/{token}")
            words = WORDS[Language.ENGLISH]
            assert (answer.status, words.unknown_link in body) == (404, True)
            assert "<button" not in body
    assert visitor.opt_out.said_yes == []


async def test_a_yes_that_cannot_be_stored_is_not_thanked_for(visitor: Visitor) -> None:
    """The database is away: 503, and to be tried again; looking still works."""
    visitor.opt_out.away = True
    answer, _ = await visitor.call("POST", f"/c/{TOKEN}")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    answer, _ = await visitor.call("GET", f"/c/{TOKEN}")
    assert answer.status == 200
