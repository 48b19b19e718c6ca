"""The laws of making a wording ready: the same for files and for outside callers."""

from __future__ import annotations

import pytest

from outreachd.rules.wording import Fault, Wording, prepared


def test_a_wording_without_html_is_ready() -> None:
    """Nothing is changed."""
    wording = Wording("Hi {{ a }}", "Text {{ a }}", None)
    assert prepared(wording) == wording


def test_a_text_is_made_where_there_is_none() -> None:
    """And styles are worked in."""
    made = prepared(Wording("s", None, "<style>p{top:0}</style><p>Hi {{ a }}</p>"))
    assert isinstance(made, Wording)
    assert made.text == "Hi {{ a }}\n"
    assert made.html is not None
    assert 'style="top: 0;"' in made.html


def test_a_text_that_was_written_stays() -> None:
    """Whatever the HTML says."""
    made = prepared(Wording("s", "own", "<p>other</p>"))
    assert made == Wording("s", "own", "<p>other</p>")


@pytest.mark.parametrize(
    ("wording", "part", "line"),
    [
        (Wording("{{ a", "t", None), "subject", 1),
        (Wording("a\nb", "t", None), "subject", 1),
        (Wording("s", "\n{{ a", None), "text", 2),
        (Wording("s", "t", "\n\n{% set a = 1 %}"), "html", 3),
        (Wording("s", "t", "\n<style>p{}</style><p"), "html", 2),
        (Wording("s", None, "<p"), "html", 1),
    ],
)
def test_what_is_wrong_is_told_by_part_and_line(
    wording: Wording, part: str, line: int
) -> None:
    """A fault is a value."""
    found = prepared(wording)
    assert isinstance(found, list)
    assert isinstance(found[0], Fault)
    assert (found[0].part, found[0].problem.line) == (part, line)


def test_making_ready_twice_changes_nothing_more() -> None:
    """What is stored may be stored again."""
    once = prepared(Wording("s", None, "<style>p{top:0}</style><p>{{ a }}</p>"))
    assert isinstance(once, Wording)
    assert prepared(once) == once
