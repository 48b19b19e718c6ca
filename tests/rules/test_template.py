"""The laws of templates: nothing runs away, nothing is called, nothing stays blank."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreachd.rules.template import (
    MAX_RESULT,
    MAX_SOURCE,
    BadTemplateError,
    RenderError,
    Template,
    check,
    undeclared,
)
from outreachd.rules.template_tags import MAX_TAGS

# Seconds in which even the worst template must end, on a busy machine.
AT_ONCE_S = 2.0


def rendered(source: str, name: str = "text", **values: str) -> str:
    """Compile and fill in one go."""
    return Template(name, source).render(values)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hi {{ first_name }},\n", "Hi Ann,\n"),
        ('{{ city|default("your town") }}', "your town"),
        ("{% if city is defined %}in {{ city }}{% else %}-{% endif %}", "-"),
        ("{%- if first_name == 'Ann' -%} yes {%- endif %}", "yes"),
        ('{% for x in tags|split(",") %}[{{ x|trim }}]{% endfor %}', "[a][b]"),
        ("{{ first_name|upper }} {{ first_name[:1] }} {{ 'a}}b' }}", "ANN A a}}b"),
        ("{% if (city is not defined) and not (1 > 2) %}ok{% endif %}", "ok"),
        ('{% if first_name is startingwith("A") %}ok{% endif %}', "ok"),
        ("{# {{ nothing }} {% set %} #}{ {% if 1 %}% }{% endif %}", "{ % }"),
        ("{{ имя }}", "Анна"),
    ],
)
def test_the_language_is_the_one_people_know(source: str, text: str) -> None:
    """Placeholders, defaults, conditions and lists are there."""
    values = {"first_name": "Ann", "tags": "a, b", "имя": "Анна"}
    assert Template("text", source).render(values) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ nobody }}",
        "{{ nobody or 'x' }}",
        "{% if nobody %}{% endif %}",
        "{{ nobody|upper }}",
    ],
)
def test_a_missing_value_stops_the_rendering(source: str) -> None:
    """Fault row 73: a name without a value is said, with its line; no blank is left."""
    with pytest.raises(RenderError) as failure:
        rendered(f"Hello\n{source}")
    if "upper" not in source:
        assert failure.value.missing == "nobody"
        assert "nobody is missing, line 2 of text" in str(failure.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ a", "no end"),
        ("{{ a b }}", "two words stand"),
        ("{% if a %}", "has no {% endif %}"),
        ("{{ debug() }}", "`debug\\(` would call"),
    ],
)
def test_what_cannot_be_compiled_is_refused_with_its_line(
    source: str, words: str
) -> None:
    """S5: neither what is not allowed nor what the engine cannot read."""
    assert check("text", f"one\ntwo\n{source}")[0].line == 3
    with pytest.raises(BadTemplateError, match=words):
        Template("text", f"one\ntwo\n{source}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 1000000000 }}",
        "{% for i in range(100000000) %}x{% endfor %}",
        "{% set a = 'aa' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
        "{{ " + "-" * 50_000 + "1 }}",
        "{{ " + "not " * 45_000 + "1 }}",
        "{{ a" + "|upper" * 30_000 + " }}",
        "{{ a" + "~a" * 50_000 + " }}",
        "{{ " + "[" * 40 + "]" * 40 + " }}" + "{{ a" + ".a" * 50_000 + " }}",
        "{% if 0 %}" + "{% elif 0 %}" * 15_000 + "{% endif %}",
        "{% if 1 %}" * 400 + "{% endif %}" * 400,
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ '%1000000000d'|format(1) }}",
        "x" * (MAX_SOURCE + 1),
    ],
)
def test_a_bomb_is_refused_when_it_is_written(source: str) -> None:
    """Fault row 73: endless, huge and deep templates end at once, not the process."""
    started = perf_counter()
    assert check("text", source)
    assert perf_counter() - started < AT_ONCE_S


LONG = "{% for a in x %}"


@pytest.mark.parametrize(
    "source",
    [
        LONG * 4 + "." + "{% endfor %}" * 4,
        LONG + "{{ x" + " ~ x" * 40 + " }}{% endfor %}",
        ("{{ x" + " ~ x" * 40 + " }}") * MAX_TAGS,
        LONG * 2 + "{{ x|upper|urlencode|title }}" + "{% endfor %}" * 2,
        LONG + "{{ x|split('')|length }}{% endfor %}",
        ("{{ x" + "|urlencode" * 45 + " }}") * 2,
    ],
)
def test_a_bomb_that_looks_well_runs_out_of_fuel_or_room(source: str) -> None:
    """Fault row 73: what only a contact's value makes long ends at once too."""
    template = Template("text", source)
    started = perf_counter()
    with pytest.raises(RenderError, match=r"too many steps|longer than"):
        template.render({"x": "%" * 4_000})
    assert perf_counter() - started < AT_ONCE_S


def test_html_escapes_what_it_inserts_and_text_does_not() -> None:
    """S6: a contact's name cannot become markup."""
    hostile = "<script>&\"'"
    assert "<" not in rendered("{{ x }}", name="html", x=hostile)
    assert rendered("{{ x }}", name="text", x=hostile) == hostile


@given(st.text(max_size=200))
@settings(deadline=None)
def test_a_value_is_text_and_never_a_template(value: str) -> None:
    """Merge fields are inserted as they are, whatever braces they hold."""
    assert rendered("[{{ x }}]", x=value) == f"[{value}]"


PIECES = (
    *("{{", "}}", "{%", "%}", "{#", "#}", '"', "'", "\\", "a", "b(", ")", "-", "\n"),
    *(" if ", "|upper", "|", "set ", "endif", "1", "not ", " is ", "defined", "x["),
)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(deadline=None, max_examples=300)
def test_any_source_is_refused_or_renders_or_says_why(source: str) -> None:
    """Whatever is typed, the answer is a list of problems, a text, or a RenderError."""
    if check("text", source):
        return
    with suppress(RenderError):
        assert len(rendered(source, a="A", x="X")) <= MAX_RESULT


def test_the_names_a_template_takes_are_known_before_it_is_filled() -> None:
    """An import can tell which columns a campaign needs."""
    source = "{{ a }}{% for i in b|split(',') %}{{ i }}{{ loop.index }}{% endfor %}"
    assert undeclared(source) == {"a", "b"}
    assert Template("text", source).names == {"a", "b"}


def test_too_many_tags_are_too_many() -> None:
    """The engine nests each elif: their number is bounded, not only their size."""
    assert rendered("{{ a }}" * MAX_TAGS, a="x") == "x" * MAX_TAGS  # fuel is enough
    [problem] = check("text", "{{ a }}" * (MAX_TAGS + 1))
    assert str(problem) == f"line 1: it has more than {MAX_TAGS} tags"


@pytest.mark.parametrize("odd", ["\0", "\x1b", "\x7f", "\ud800"])
@pytest.mark.parametrize("name", ["subject", "text", "html"])
def test_a_control_character_is_told_with_its_line(name: str, odd: str) -> None:
    """No letter can hold it, no database half a character: said before it is kept."""
    (problem,) = check(name, f"one\n{{# two #}} {odd}")
    assert problem.line == 2
    assert f"U+{ord(odd):04X}" in problem.sentence


def test_a_subject_is_one_line() -> None:
    """S1: a line break in a subject is found when it is written, not when sent."""
    assert str(check("subject", "a\nb")[0]) == "line 1: a subject is one line"
    assert not check("subject", "Hello\n")
    assert not check("text", "a\nb")
