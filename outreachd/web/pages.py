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

_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;"
    "padding:0 1rem;color:#222;background:#fff}"
    "button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:.4rem;"
    "background:#1a56b0;color:#fff;cursor:pointer}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}}"
)
_TEMPLATE = """<!doctype html>
<html lang="en">
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
</main>
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


def ask(client: str | None) -> web.Response:
    """Ask whether to stop the letters; one button, and nothing happens before it."""
    sender = client or "this sender"
    return _page(
        "Stop these letters?",
        f"You will get no more letters from {sender}.",
        button="Stop the letters",
    )


def done() -> web.Response:
    """Confirm; the same whether it was the first time or the tenth."""
    return _page("Done", "You will get no more of these letters.")


def sorry(status: int, sentence: str) -> web.Response:
    """Say that something did not work."""
    return _page("This did not work", sentence, status=status)


def _page(
    title: str, text: str, *, button: str = "", status: int = 200
) -> web.Response:
    html = _ENGINE.render_template(
        "page.html", title=title, text=text, button=button, style=_STYLE
    )
    return web.Response(
        status=status, text=html, content_type="text/html", headers=HEADERS
    )
