"""The public pages: plain HTML without scripts, pictures or anything from elsewhere.

One template, escaped by its engine; the style is inline and allowed by its hash, so
that the policy can forbid all else. Headers keep pages out of caches, frames, search
engines and Referer lines. Source: W3C Content Security Policy Level 3.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import minijinja
from aiohttp import web

from outreachd.rules.language import Language
from outreachd.web.page_words import WORDS

_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;"
    "padding:0 1rem;color:#222;background:#fff}"
    "button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:.4rem;"
    "background:#1a56b0;color:#fff;cursor:pointer}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}"
    "a{color:#8ab4f8}}"
)
_TEMPLATE = """<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{ title }}</title>
<style>{{ style|safe }}</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p>{{ text }}</p>
{% if button %}<form method="post"><button>{{ button }}</button></form>{% endif %}
{% if mailto %}<p>{{ by_mail }} <a href="mailto:{{ mailto }}">{{ address }}</a></p>
{% endif %}</main>
</body>
</html>
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_ENGINE = minijinja.Environment(
    templates={"page.html": _TEMPLATE}, undefined_behavior="strict"
)


def ask(client: str | None, language: Language, mailto: str = "") -> web.Response:
    """Ask whether to stop the letters; one button, and nothing happens before it.

    ``mailto``: an address that takes opt-outs, with what must stand in the letter.
    """
    words = WORDS[language]
    return _page(
        language,
        words.ask,
        words.effect.format(client=client or words.nobody),
        button=words.button,
        mailto=mailto,
    )


def done(client: str | None, language: Language) -> web.Response:
    """Confirm; the same whether it was the first time or the tenth."""
    words = WORDS[language]
    return _page(
        language, words.done, words.effect.format(client=client or words.nobody)
    )


def ask_for_yes(client: str | None, language: Language) -> web.Response:
    """Ask whether letters are wanted; nothing happens before the button."""
    words = WORDS[language]
    return _page(
        language,
        words.confirm,
        words.confirm_effect.format(client=client or words.nobody),
        button=words.confirm_button,
    )


def confirmed(client: str, language: Language) -> web.Response:
    """Thank for a yes; the same the tenth time."""
    words = WORDS[language]
    return _page(
        language,
        words.confirmed,
        words.confirm_effect.format(client=client),
    )


def try_again(language: Language, mailto: str = "") -> web.Response:
    """Say that it did not work for now, and how else one leaves."""
    words = WORDS[language]
    return _page(language, words.failed, words.later, mailto=mailto, status=503)


def unknown_link(language: Language) -> web.Response:
    """Say that a link leads nowhere: cut short, or its person is forgotten."""
    words = WORDS[language]
    return _page(language, words.failed, words.unknown_link, status=404)


def sorry(status: int, sentence: str) -> web.Response:
    """Say that something did not work, to whoever is no recipient of ours."""
    return _page(
        Language.ENGLISH, WORDS[Language.ENGLISH].failed, sentence, status=status
    )


def _page(
    language: Language,
    title: str,
    text: str,
    *,
    button: str = "",
    mailto: str = "",
    status: int = 200,
) -> web.Response:
    html = _ENGINE.render_template(
        "page.html",
        language=language.value,
        title=title,
        text=text,
        button=button,
        by_mail=WORDS[language].by_mail,
        mailto=mailto,
        address=mailto.partition("?")[0],
        style=_STYLE,
    )
    return web.Response(
        status=status, text=html, content_type="text/html", headers=HEADERS
    )
