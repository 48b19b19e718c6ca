"""The laws of the footer: every letter names its sender and its way out, once."""

from __future__ import annotations

import pytest

from outreachd.rules.footer import TO_OPT_OUT, with_html_footer, with_text_footer
from outreachd.rules.language import Language

POSTAL = "Acme & Sons\nHauptstr. 1, Berlin"
URL = "https://out.acme.example/u/token"


def test_a_text_gets_what_it_lacks() -> None:
    """S26: postal address and opt-out link stand below a text that has neither."""
    made = with_text_footer("Hello\n\n", POSTAL, URL)
    assert made == f"Hello\n\n{POSTAL}\nTo opt out: {URL}\n"


def test_a_text_that_has_one_gets_the_other() -> None:
    """Nothing is said twice."""
    assert with_text_footer(f"Leave: {URL}", POSTAL, URL).count(URL) == 1
    assert POSTAL in with_text_footer(f"Leave: {URL}", POSTAL, URL)
    assert with_text_footer(f"From {POSTAL}", POSTAL, URL).count(POSTAL) == 1
    assert URL in with_text_footer(f"From {POSTAL}", POSTAL, URL)


def test_a_complete_text_is_left_alone() -> None:
    """A wording that does it all is not touched, down to its last blank."""
    text = f"{POSTAL} {URL}  \n\n"
    assert with_text_footer(text, POSTAL, URL) == text


@pytest.mark.parametrize("end", ["</body></html>", "</BODY></HTML>", ""])
def test_html_gets_its_footer_inside_the_body(end: str) -> None:
    """S26: the footer is shown, escaped, and nothing follows the end of the body."""
    made = with_html_footer(f"<p>Hello</p>{end}", POSTAL, URL)
    assert made.startswith("<p>Hello</p><p style=")
    assert "Acme &amp; Sons<br>Hauptstr. 1, Berlin<br>" in made
    assert f'<a href="{URL}">Opt out</a>' in made
    assert made.endswith(f"</p>\n{end}")


def test_letters_that_change_length_do_not_move_the_footer() -> None:
    """A capital that is two letters in lower case shifts nothing."""
    made = with_html_footer("<body>" + "İ" * 9 + "</body>", POSTAL, URL)
    assert made.startswith("<body>" + "İ" * 9 + "<p ")
    assert made.endswith("</p>\n</body>")


@pytest.mark.parametrize("postal", [POSTAL, "Acme &amp; Sons\nHauptstr. 1, Berlin"])
def test_complete_html_is_left_alone(postal: str) -> None:
    """Written raw or escaped, the postal address counts as there."""
    markup = f'<p>{postal} <a href="{URL}">no more</a></p>'
    assert with_html_footer(markup, POSTAL, URL) == markup


@pytest.mark.parametrize("language", list(Language))
def test_the_way_out_is_said_in_the_readers_language(language: Language) -> None:
    """Every language we speak has its words, in text and in HTML."""
    before, link = TO_OPT_OUT[language]
    assert f"\n{before}: {URL}\n" in with_text_footer("Hi", POSTAL, URL, language)
    assert f">{link}</a>" in with_html_footer("<p>Hi</p>", POSTAL, URL, language)
