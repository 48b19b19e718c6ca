"""The laws of what is said of a bad template: a sentence for who writes letters."""

from __future__ import annotations

import pytest

from outreachd.rules.template_words import odd_sign, plainly
from outreachd.rules.wording import Wording, prepared

STYLE = "<style>p{top:0}</style>"
NASTY = [
    ("subject", "{{ first_name", "it has no end }}"),
    (
        "subject",
        "{{ first_name }",
        "'}' may not stand in a tag: a tag ends with }} or %}",
    ),
    (
        "subject",
        "Hi {% first_name %}",
        "the tag `first_name` is not allowed; allowed are elif, els",
    ),
    ("subject", "Hi\n{{ a }}", "a subject is one line"),
    ("subject", "{{ 7*7 }}", "'*' may not stand in a tag"),
    (
        "subject",
        "{{ config.items() }}",
        "`items(` would call something, and templates cannot",
    ),
    (
        "subject",
        "{{ a }} {{ b | join(',') }}",
        "the filter `join` is not allowed; allowed are capitalize,",
    ),
    (
        "text",
        "{{ first name }}",
        "two words stand beside each other: a variable is one word,",
    ),
    (
        "text",
        "{{ first-name }}",
        "`first-name` is no name: where a column has -, its variabl",
    ),
    (
        "text",
        "{{ First Name }}",
        "two words stand beside each other: a variable is one word,",
    ),
    ("text", "{{ }}", "something is missing before }}"),
    ("text", "{{ a. }}", "a name is missing at its end"),
    ("text", "{{ a | }}", "a name is missing at its end"),
    ("text", "{{ a || b }}", "|| is not known here: write `or`"),
    ("text", "{{ a && b }}", "'&' may not stand in a tag: write `and`"),
    ("text", "{{ !a }}", "'!' may not stand in a tag: write `not`"),
    ("text", "{{ a ? b : c }}", "'?' may not stand in a tag: write {% if %}"),
    (
        "text",
        "{{ a | upper | nosuch }}",
        "the filter `nosuch` is not allowed; allowed are capitalize",
    ),
    (
        "text",
        "{{ a|default('x) }}",
        '"\'" may not stand in a tag: the quote has no end',
    ),
    (
        "text",
        "{{ a|default(“x”) }}",
        "'“' may not stand in a tag: write straight quotes, \"",
    ),
    (
        "text",
        "{{ a|safe }}",
        "the filter `safe` is not allowed; allowed are capitalize,",
    ),
    (
        "text",
        "{{ a|replace('a','b') }}",
        "the filter `replace` is not allowed; allowed are capitaliz",
    ),
    (
        "text",
        "{{ a|join('x') }}",
        "the filter `join` is not allowed; allowed are capitalize,",
    ),
    ("text", "{{ a * 1000000 }}", "'*' may not stand in a tag"),
    ("text", "{{ 'a' ~ }}", "something is missing before }}"),
    (
        "text",
        "{{ {'a': 1} }}",
        "'{' may not stand in a tag: a tag cannot stand within a ta",
    ),
    (
        "text",
        "{{ range(1000000) }}",
        "`range(` would call something, and templates cannot",
    ),
    ("text", "{{ lipsum() }}", "`lipsum(` would call something, and templates cannot"),
    ("text", "{{ a.b() }}", "`b(` would call something, and templates cannot"),
    ("text", "{{ (a)() }}", "`)(` would call something, and templates cannot"),
    ("text", "{{ a[0]() }}", "`](` would call something, and templates cannot"),
    (
        "text",
        "{% if a %}x",
        "an {% if %} or {% for %} has no {% endif %} or {% endfor %",
    ),
    ("text", "{% if %}x{% endif %}", "something is missing before %}"),
    ("text", "{% endif %}", "{% endif %} ends nothing that is open here"),
    ("text", "{% else %}", "{% else %} stands outside an {% if %}"),
    ("text", "{% elif a %}", "{% elif %} stands outside an {% if %}"),
    ("text", "{% if a %}{% endfor %}", "{% endfor %} ends nothing that is open here"),
    ("text", "{% for a %}{% endfor %}", "write {% for x in list %}"),
    ("text", "{% for a in %}{% endfor %}", "something is missing before %}"),
    (
        "text",
        "{% for a in b %}",
        "an {% if %} or {% for %} has no {% endif %} or {% endfor %",
    ),
    (
        "text",
        "{% set a = 1 %}",
        "the tag `set` is not allowed; allowed are elif, else, endf",
    ),
    (
        "text",
        "{% macro a() %}{% endmacro %}",
        "the tag `macro` is not allowed; allowed are elif, else, en",
    ),
    (
        "text",
        "{% include 'a.txt' %}",
        "the tag `include` is not allowed; allowed are elif, else,",
    ),
    (
        "text",
        "{% extends 'a' %}",
        "the tag `extends` is not allowed; allowed are elif, else,",
    ),
    (
        "text",
        "{% block a %}{% endblock %}",
        "the tag `block` is not allowed; allowed are elif, else, en",
    ),
    (
        "text",
        "{% import 'os' as os %}",
        "the tag `import` is not allowed; allowed are elif, else, e",
    ),
    (
        "text",
        "{% call a() %}{% endcall %}",
        "the tag `call` is not allowed; allowed are elif, else, end",
    ),
    (
        "text",
        "{% raw %}{{ a }}{% endraw %}",
        "the tag `raw` is not allowed; allowed are elif, else, endf",
    ),
    (
        "text",
        "{% autoescape false %}{% endautoescape %}",
        "the tag `autoescape` is not allowed; allowed are elif, els",
    ),
    (
        "text",
        "{% do a %}",
        "the tag `do` is not allowed; allowed are elif, else, endfo",
    ),
    (
        "text",
        "{% while a %}{% endwhile %}",
        "the tag `while` is not allowed; allowed are elif, else, en",
    ),
    ("text", "{# never ends", "the comment has no end #}"),
    ("text", "{% if a", "it has no end %}"),
    (
        "text",
        "{{ a {{ b }} }}",
        "'{' may not stand in a tag: a tag cannot stand within a ta",
    ),
    ("text", "{{ a" + ".a" * 200 + " }}", "a tag has more than 100 words and signs"),
    (
        "text",
        "{{ " + "(" * 200 + ")" * 200 + " }}",
        "a tag has more than 100 words and signs",
    ),
    ("text", "{{ a }}" * 501, "it has more than 500 tags"),
    ("text", "x" * 200001, "it is longer than 200000 characters"),
    ("text", "{% if 1 %}" * 300 + "{% endif %}" * 300, "it has more than 500 tags"),
    ("html", STYLE + "<p title={{ a }}><b>x</p>", "<b> is not closed before </p>"),
    (
        "html",
        "<style>p{color:{{ c }}}</style>",
        "a variable cannot stand in <style>, since styles are worke",
    ),
    (
        "html",
        STYLE + "<p class='{{ a }}'>",
        "the class of <p> depends on the contact, but styles are wo",
    ),
    (
        "html",
        STYLE + "<p {% if a %}hidden{% endif %}>",
        "in <p> a template tag may only stand within a value",
    ),
    (
        "html",
        STYLE + "{% if a %}<div>{% endif %}",
        "<div> is opened within the template block and not closed w",
    ),
    ("html", STYLE + "<p", "the tag <p has no end >"),
    ("html", STYLE + "<!-- x", "the <!-- has no end -->"),
    ("html", "<style>p{", "the <style> has no end </style>"),
    (
        "html",
        "<style>@import url(x)</style>",
        "@import loads styles, and mail readers load none",
    ),
    (
        "html",
        "<link rel=stylesheet href=x>",
        "mail readers load no style sheets: write the styles into <",
    ),
    ("html", STYLE + "<div>" * 101, "more than 100 elements are within each other"),
    (
        "html",
        "<style>li:nth-child(2){top:0}</style>{% if a %}{% endif %}",
        '":nth-child" counts neighbours, but which there are depend',
    ),
    (
        "html",
        STYLE + "<p style='{% if a %}top:0{% endif %}'>",
        "the style of <p> may hold {{ }}, but no {% %}",
    ),
    (
        "html",
        STYLE + "<p style='{{ a }}'>x</p>",
        "the styles cannot be worked in: End of input",
    ),
]


def test_there_are_enough_of_them() -> None:
    """Sixty ways to get it wrong, each seen in a letter or in an attack."""
    assert len(NASTY) >= 60


@pytest.mark.parametrize(("part", "source", "said"), NASTY)
def test_a_nasty_template_is_refused_in_a_sentence(
    part: str, source: str, said: str
) -> None:
    """S5: whoever writes it, by file or by HTTP, is told what and on which line."""
    words = {"subject": "s", "text": "t", "html": None} | {part: source}
    found = prepared(Wording(**words))
    assert isinstance(found, list)
    assert found[0].part == part
    assert found[0].problem.sentence.startswith(said)
    assert found[0].problem.line == 1


@pytest.mark.parametrize("words", ["identifier", "block", "statement", "input"])
def test_no_sentence_speaks_the_engine_s_language(words: str) -> None:
    """Nor does any of the table above."""
    for _, _, said in NASTY:
        assert f"unexpected {words}" not in said
        assert f"unknown {words}" not in said


def test_what_is_not_on_the_list_is_told_as_it_is() -> None:
    """Rather strange words than none."""
    assert plainly("something new") == "something new"
    assert odd_sign("@") == "'@' may not stand in a tag"
