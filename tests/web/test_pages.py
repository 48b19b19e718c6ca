"""The pages themselves: escaped, self-contained, and styled as their policy allows."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.language import Language
from outreachd.web import pages

EN = Language.ENGLISH
MAILTO = "leave@acme.example?subject=token"
EVERY_PAGE = (
    pages.ask("Acme", EN),
    pages.ask(None, Language.GERMAN, MAILTO),
    pages.done("Acme", Language.RUSSIAN),
    pages.try_again(EN, MAILTO),
    pages.sorry(404, "No."),
)


def html(page: web.Response) -> str:
    """Read a page."""
    assert page.text is not None
    return page.text


@given(name=st.text())
def test_a_name_cannot_become_markup(name: str) -> None:
    """S6: whatever a client is called, the page has the same elements."""
    elements = re.findall(r"<[^>]*>", html(pages.ask(name, EN)))
    assert elements == re.findall(r"<[^>]*>", html(pages.ask("Acme", EN)))


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_the_policy_allows_exactly_our_style(page: web.Response) -> None:
    """The style's hash is in the policy, and nothing comes from elsewhere."""
    (style,) = re.findall(r"<style>(.*)</style>", html(page), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]
    without_mailto = html(page).replace(f'href="mailto:{MAILTO}"', "")
    assert not re.search(r"script|src=|href=|style=|url\(|@import", without_mailto)


def test_only_the_question_has_a_button() -> None:
    """A page that confirms or refuses asks for nothing."""
    assert ["<button" in html(page) for page in EVERY_PAGE] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert pages.try_again(EN).status == 503
    assert pages.sorry(404, "No.").status == 404
