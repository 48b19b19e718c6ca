"""The laws of inlining: once before what it would be after, and nothing runs away."""

from __future__ import annotations

import html as escaping
import re
from time import perf_counter

import css_inline
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from outreachd.rules.html_css import with_inlined_styles
from outreachd.rules.markup import BadMarkupError
from outreachd.rules.template import Template, check

AT_ONCE_S = 2.0
STYLE = "<style>p.a{color:red} td{padding:0} a:hover{color:blue}</style>"
VALUES = {"name": "Ann & <Co>", "url": "https://x.example/?a=1&b=2", "yes": "y"}
VALUES |= {"many": "a,b", "c": "red"}


def shape(markup: str) -> list[object]:
    """Read HTML as elements with attributes and texts, without blanks and <style>."""
    tree = LexborHTMLParser(markup)
    for style in tree.css("style"):
        style.decompose()
    body = tree.body
    assert body is not None
    found: list[object] = []
    for node in body.traverse(include_text=True):
        if node.is_text_node:
            found.append(re.sub(r"\s+", " ", node.text_content or ""))
        elif node.is_element_node:
            styles = re.sub(r"[;\s]+", "", (node.attributes.get("style") or ""))
            others = {k: v for k, v in node.attributes.items() if k != "style"}
            found.append((node.tag, sorted(others.items()), styles))
    return [one for one in found if one not in (" ", "")]


def inlined_after(source: str, values: dict[str, str]) -> str:
    """Render first and inline then, as a tool without our haste would."""
    rendered = Template("html", source).render(values)
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    return inliner.inline(f"<html><head></head><body>{rendered}</body></html>")


def inlined_before(source: str, values: dict[str, str]) -> str:
    """Inline first and render then, as we do."""
    return Template("html", with_inlined_styles(source)).render(values)


WELL = [
    '<p class="a">Hi {{ name }}</p>',
    '<p class="a" style="margin: 0">{{ name|upper }}</p><a href="{{ url }}">x</a>',
    "<table>{% for x in many|split('') %}<tr><td>{{ x }}</td></tr>{% endfor %}</table>",
    "<table><tr>{% if yes %}<td>{{ name }}</td>{% endif %}<td>z</td></tr></table>",
    '{% if yes == "y" %}<p class="a">1</p>{% else %}<p>2</p>{% endif %}',
    '<p class="a" style="color: {{ c }}">x</p>',
    "<ul>{% for x in many|split(',') %}<li>{{ x }}</li>{% endfor %}</ul>",
    '<a href="https://x.example/{{ url|urlencode }}?a=1&b=2" title="{{ name }}">x</a>',
    "{# a note #}<p class='a'>{{ name }}</p>",
    '<img src="x.png" alt="{% if yes %}{{ name }}{% endif %}"><br><p class=a>x</p>',
    '<p class="a">{% if 1 < 2 %}<b>{{ name }}</b>{% endif %}</p>',
    '<p class="a">&nbsp;&amp;&lt;</p>{{ name }}',
]


@pytest.mark.parametrize("source", WELL)
def test_inlining_before_is_inlining_after(source: str) -> None:
    """What a reader gets is the same, whichever came first."""
    source = STYLE + source
    before, after = inlined_before(source, VALUES), inlined_after(source, VALUES)
    assert shape(before) == shape(after)


PIECES = st.sampled_from(
    [
        '<p class="a">{{ name }}</p>',
        "{{ name }}",
        '<b class="b">x</b>',
        '<a href="{{ url }}">l</a>',
        "<br>",
        "{% if yes == 'y' %}<p class=\"a\">1</p>{% else %}<i>2</i>{% endif %}",
        "{% for x in many|split(',') %}<div class=\"b\">{{ x }}</div>{% endfor %}",
        "<table>{% if yes %}<tr><td>1</td></tr>{% endif %}<tr><td>2</td></tr></table>",
        " text &amp; more ",
    ]
)
RULES = st.sampled_from(
    ["p{margin:0}", ".a{color:red}", ".b{top:0}", "td{padding:1px}", "div p{left:0}"]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(PIECES, max_size=6),
    st.lists(RULES, min_size=1, max_size=4),
    st.text(max_size=20).filter(lambda text: "\0" not in text and text.strip()),
)
def test_any_letter_reads_the_same(
    pieces: list[str], rules: list[str], name: str
) -> None:
    """For letters made of such pieces in any order, and any value."""
    source = f"<style>{' '.join(rules)}</style>{''.join(pieces)}"
    values = VALUES | {"name": name.replace("\r", " ")}
    before, after = inlined_before(source, values), inlined_after(source, values)
    assert shape(before) == shape(after)


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("<style>p{color:{{ c }}}</style>", 1, "cannot stand in <style>"),
        ("<style>{% if a %}p{}{% endif %}</style>", 1, "cannot stand in <style>"),
        ("\n<style>p{}</style><p class='{{ c }}'>", 2, "the class of <p> depends"),
        ("<style>p{}</style><p id={{ c }}>", 1, "the id of <p> depends"),
        ("<style>p{}</style>\n<a {{ c }}>x</a>", 2, "only stand within a value"),
        ("<style>p{}</style><p style='{% if a %}x{% endif %}'>", 1, "but no {% %}"),
        ("<style>p{}</style>{% if a %}<p>{% endif %}</p>", 1, "not closed within it"),
        ("<style>p{}</style><b>{% if a %}</b>{% endif %}", 1, "outside the template"),
        ("<style>p{}</style><p>a{% if a %}<p>b{% endif %}", 1, "not closed within it"),
        ("<style>li:first-child{}</style>{% if a %}{% endif %}", 1, "neighbours"),
        ("<style>p+p{}</style>{% for a in b %}{% endfor %}", 1, "neighbours"),
        ("<style>p{}", 1, "has no end </style>"),
        ("<style>p{}</style><p", 1, "has no end >"),
        ('<style>p{}</style><p title="x>', 1, "has no end >"),
        ("<style>p{}</style><!-- x", 1, "has no end -->"),
        ("<style>@import 'file:///etc/passwd';</style>", 1, "@import loads"),
        ('<link rel="stylesheet" href="file:///etc/passwd">', 1, "no style sheets"),
        ("<link href=//x.example/a.css REL=StyleSheet>", 1, "no style sheets"),
        ("<style>p{}</style><b><p></b>", 1, "<p> is not closed before </b>"),
        ("<style>p{}</style><div><b></div>", 1, "<b> is not closed before </div>"),
        ("<style>p{}</style></p>", 1, "</p> closes nothing"),
        ("<style>p{}</style><div>\ue000</div>", 1, "U+E000 may not stand"),
        ("<style>p{" + "x" * 60_000 + "}</style>", 1, "the styles have more than"),
    ],
)
def test_what_cannot_be_inlined_is_refused_with_its_line(
    source: str, line: int, words: str
) -> None:
    """A sentence says where and what to change; nothing is moved in silence."""
    if check("html", source):
        return
    with pytest.raises(BadMarkupError) as refused:
        with_inlined_styles(source)
    assert refused.value.line == line
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 30_000,
        "<b><i>" * 20_000,
        "<p><b id=1></p>" * 5_000,
        "<a><div>" * 10_000,
        "<table><td>" * 10_000,
        "<svg>" * 20_000,
        "<style>" + "a:not(" * 20_000 + "</style>",
        "<style>" + "{" * 60_000 + "</style>",
        "<style>" + "@media x{" * 9_000 + "</style>",
        "<" * 100_000 + "a",
        '<a "' * 40_000,
        "<!--" * 40_000,
        "<a b='" * 30_000,
        "</div>" * 30_000,
        "<br>" * 40_000,
        "<style>" * 20_000,
        "<link rel=" * 19_000,
        "<link " + "rel=" * 45_000,
        "<link " + 'rel="' * 38_000,
        "<style>" + "/*" * 95_000 + "</style><p",
    ],
)
def test_hostile_html_ends_at_once(source: str) -> None:
    """S: the library would crash the process or run for hours; a sentence comes."""
    started = perf_counter()
    with pytest.raises(BadMarkupError):
        with_inlined_styles("<style>p{color:red}</style>" + source)
    assert perf_counter() - started < AT_ONCE_S


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
                "<table>",
                "<td>",
                "</td>",
                "</table>",
                "<div>",
                "</div>",
                "<",
                "{{x}}",
                "{%if(x)%}",
                "{%endif%}",
                "&",
                '"',
                "'",
                ">",
                "<style>p{top:0}</style>",
                "<svg>",
                "<!--",
                "-->",
                "<title>",
                "</title>",
                "word",
                "<select>",
                "<template>",
            ]
        ),
        max_size=30,
    )
)
def test_any_soup_ends_in_html_or_a_sentence(pieces: list[str]) -> None:
    """Nothing but BadMarkupError comes, and what comes out is a template again."""
    source = "<style>p{margin:0}</style>" + "".join(pieces)
    if check("html", source):
        return
    try:
        made = with_inlined_styles(source)
    except BadMarkupError:
        return
    assert check("html", made) == []


def test_html_without_styles_is_left_alone() -> None:
    """To the character, whatever it looks like."""
    source = "<DIV CLASS=x>{{ a }}<p>{% if b %}</div>{% endif %} &nbsp;"
    assert with_inlined_styles(source) == source


def test_values_are_still_escaped() -> None:
    """A contact's value cannot become an element or leave its attribute."""
    source = STYLE + '<p class="a" title="{{ name }}">{{ name }}</p>'
    made = inlined_before(source, {"name": '"><script>x</script>'})
    assert "<script" not in made
    assert escaping.escape("<script>") in made.replace("&#x2f;", "/")
