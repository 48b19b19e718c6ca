"""The laws of tags: where they stand, and what may be written in them."""

from __future__ import annotations

import re

import pytest

from outreachd.rules.template_tags import (
    ALLOWED_FILTERS,
    ALLOWED_TESTS,
    MAX_TAGS,
    MAX_TOKENS,
    TagSpan,
    forbidden,
    tag_spans,
)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ a", "no end"),
        ("{# a", "no end"),
        ("{% if a", "no end"),
        ("{{ a|nosuch }}", "filter `nosuch`"),
        ("{{ a|join(a) }}", "filter `join`"),
        ("{{ a|replace('', a) }}", "filter `replace`"),
        ("{{ a|format(1) }}", "filter `format`"),
        ("{{ a|safe }}", "filter `safe`"),
        ("{{ a is nosuch }}", "test `nosuch`"),
        ("{% set a = 1 %}", "tag `set`"),
        ("{%- macro f() %}{% endmacro %}", "tag `macro`"),
        ("{% include 'x' %}", "tag `include`"),
        ("{% raw %}{% endraw %}", "tag `raw`"),
        ("{% filter upper %}{% endfilter %}", "tag `filter`"),
        ("{%%}", "tag ``"),
        ("{{ debug() }}", "`debug\\(` would call"),
        ("{{ range(9) }}", "`range\\(` would call"),
        ("{{ a.upper() }}", "`upper\\(` would call"),
        ("{{ a['upper']() }}", "`]\\(` would call"),
        ("{{ (a)(1) }}", "`\\)\\(` would call"),
        ("{{ a * 9 }}", "'\\*' may not stand"),
        ("{{ {'a': 1} }}", "'{' may not stand"),
        ("{{ a %} }}", "'%' may not stand"),
    ],
)
def test_what_is_not_on_the_list_is_refused_with_its_line(
    source: str, words: str
) -> None:
    """S5: calls, other tags, filters and tests never reach the engine."""
    found = next(forbidden(f"one\ntwo\n{source}"))
    assert found.line == 3
    assert re.search(words, found.sentence)


@pytest.mark.parametrize(
    "source",
    [
        "{{ a-1 }} {{ a.b[0]|default('x') }}",
        "{% for x in a|split(',') if x and (x) %}{% endfor %}",
        *(f"{{{{ a|{name} }}}}" for name in sorted(ALLOWED_FILTERS)),
        *(f"{{% if a is {name} %}}{{% endif %}}" for name in sorted(ALLOWED_TESTS)),
    ],
)
def test_what_is_on_the_list_is_let_through(source: str) -> None:
    """The language is small, but all of it may be used."""
    assert list(forbidden(source)) == []


def test_tags_are_found_where_they_stand() -> None:
    """By how they open and their first word; braces in a text end nothing."""
    source = "a{{ '}}' }}b{%- if x -%}{# { #}"
    assert [source[s.start : s.end] for s in tag_spans(source)] == [
        "{{ '}}' }}",
        "{%- if x -%}",
        "{# { #}",
    ]
    assert list(tag_spans("{%- if x %}")) == [TagSpan("{%", "if", 0, 11)]


def test_the_number_of_tags_and_of_words_in_one_is_bounded() -> None:
    """Nothing that is read takes long, whatever was typed."""
    [problem] = forbidden("\n" + "{{ a }}" * (MAX_TAGS + 1))
    assert str(problem) == f"line 2: it has more than {MAX_TAGS} tags"
    [problem] = forbidden("{{ " + "a " * (MAX_TOKENS + 1) + "}}")
    assert f"more than {MAX_TOKENS} words" in problem.sentence
