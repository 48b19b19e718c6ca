"""The laws of masking: every tag comes back, in its place, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.markup import MAX_DEPTH, MAX_TAGS, BadMarkupError, masked

SOURCES = [
    "{{ a }}",
    "<p>{{ a }}</p><!-- {{ b }} -->",
    "<p title='{{ a }}' class=x>{% if b %}c{% endif %}</p>",
    "<!--{{ a }}--><!--{% if b %}{% endif %}-->",
    "<title>{{ a }}</title><textarea>{{ b }}</textarea>",
    "<a href={{ a }}>x</a>tplq tplqq {{ b }}",
    "<table>{% for a in b %}<tr><td>{{ a }}</td></tr>{% endfor %}</table>",
]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_masked_comes_back(source: str) -> None:
    """Masking and restoring changes nothing."""
    page = masked(source, for_styles=False)
    assert "{{" not in page.html
    assert "{%" not in page.html
    assert page.marks(page.html) == list(range(len(page.tags)))
    assert page.restored(page.html) == source


@given(st.lists(st.sampled_from(["{{ a }}", "tplq", "q0z", "<b>", "</b>", " "])))
def test_no_text_is_taken_for_a_mark(pieces: list[str]) -> None:
    """The word of the marks stands nowhere in the source."""
    source = "".join(pieces)
    page = masked(source, for_styles=False)
    assert len(page.marks(page.html)) == source.count("{{")
    assert page.restored(page.html) == source


def test_a_comment_of_the_template_leaves_its_lines() -> None:
    """So that later lines are still numbered as they were written."""
    with pytest.raises(BadMarkupError, match="line 4"):
        masked("{# one\ntwo #}\n\n<p", for_styles=False)


def test_depth_and_number_of_elements_are_bounded() -> None:
    """At the bound it is well, one more is refused; what has no end tag is no depth."""
    masked("<b>" * MAX_DEPTH, for_styles=False)
    with pytest.raises(BadMarkupError, match="within each other"):
        masked("<b>" * (MAX_DEPTH + 1), for_styles=False)
    masked("<br>" * MAX_TAGS, for_styles=False)
    with pytest.raises(BadMarkupError, match="elements"):
        masked("<br>" * (MAX_TAGS + 1), for_styles=False)
