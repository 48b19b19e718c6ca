"""The laws of the text that is made from HTML: what is read stays, tags still work."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreachd.rules.html_text import text_of
from outreachd.rules.markup import BadMarkupError
from outreachd.rules.template import Template, check


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Hi {{ a }}</p>", "Hi {{ a }}\n"),
        ("<h1>A</h1><p>b\n c</p><p>d<br>e</p>", "A\n\nb c\n\nd\ne\n"),
        ("<p>a <b>b</b> &amp; <i>c</i></p>", "a b & c\n"),
        ('<a href="https://x.example">x</a>', "x (https://x.example)\n"),
        ('<a href="{{ u }}">x {{ a }}</a>', "x {{ a }} ({{ u }})\n"),
        ('<a href="https://x.example/">x.example</a>', "x.example\n"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example\n"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example\n"),
        ('<a href="#top">up</a>', "up\n"),
        ('<a href="https://x.example"><img src=i></a>', "https://x.example\n"),
        (
            '<a href="https://x.example"><img alt=Us src=i></a>',
            "Us (https://x.example)\n",
        ),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b\n"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"),
        ("<head><title>t</title><style>p{}</style></head><p>a", "a\n"),
        ("<p>a</p><div style='display: none'>hidden {{ b }}</div>", "a\n"),
        ("<p>a</p><script>x</script><hr><p>b", "a\n\n--\n\nb\n"),
        ("<!-- {{ b }} --><p>a", "a\n"),
        ("{% if a %}<p>x</p>{% endif %}", "{% if a %}\n\nx\n\n{% endif %}\n"),
        ("<p>{{ a }}{# note #}</p>", "{{ a }}\n"),
        ("<p>&lt;b&gt;</p>", "<b>\n"),
    ],
)
def test_html_becomes_plain_text(source: str, text: str) -> None:
    """Paragraphs apart, links as label (address), nothing that is hidden."""
    assert text_of(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "<p>&#123;&#123; a</p>",  # becomes a tag that has no end
        "<p>&#123;% set a = 1 %&#125;</p>",
        "<p>&#123;&#123; range(9) &#125;&#125;</p>",
        "<div style='display:none'>{% if a %}</div>{% endif %}x",
    ],
)
def test_what_would_be_no_template_is_refused(source: str) -> None:
    """Entities cannot smuggle in what is not allowed; the way out is said."""
    with pytest.raises(BadMarkupError, match=r"write text too|outside"):
        text_of(source)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<b>",
                "</b>",
                "<a>",
                "</a>",
                "<li>",
                "<td>",
                "&",
                "<table>",
                "</table>",
                "<hr>",
                "word",
                "&#123;",
                "&#xe001;",
                "<div>",
                "</div>",
                "<!---->",
                "{{x}}",
                "{%if(x)%}",
                "{%endif%}",
            ]
        ),
        max_size=30,
    )
)
def test_any_soup_ends_in_a_template_or_a_sentence(pieces: list[str]) -> None:
    """Nothing but BadMarkupError comes; the text renders with what the HTML needs."""
    source = "".join(pieces)
    if check("html", source):
        return
    try:
        text = text_of(source)
    except BadMarkupError:
        return
    Template("text", text).render({"x": "1"})


@pytest.mark.parametrize(
    "source",
    ["<p>a" * 5_000, "<a><div></div></a>" * 2_400, "<td>" * 5_000, " " * 100_000],
)
def test_large_html_takes_no_time(source: str) -> None:
    """S: at the bounds of size and number it ends within seconds, in either way."""
    started = perf_counter()
    with suppress(BadMarkupError):
        text_of(source)
    assert perf_counter() - started < 2.0
