"""Templates of letters: a small language in which nothing can run away.

Values are strings; a name without a value stops the rendering, it never becomes a
blank. ``template_tags.py`` checks what may be written before the engine sees the
source. That, a fuel limit and caps on the length of source, values and result keep the
worst template to tens of milliseconds and megabytes, as the engine's own limits alone
do not (it doubles strings without end and overflows its stack on a long expression).
The template "html" escapes what it inserts, "subject" is one line.
Source: minijinja's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import minijinja

from outreachd.rules.template_tags import Problem, forbidden
from outreachd.rules.template_words import plainly

MAX_SOURCE = 200_000  # characters of a template
MAX_RESULT = 400_000  # characters of what it renders to
FUEL = 4_000  # instructions of the engine; a tag takes about three

# Tab and line breaks are text; no letter may hold the other controls, nor a database
# NUL and half a character.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_UNDEFINED = re.compile(r"`(.+)` is undefined")


class BadTemplateError(ValueError):
    """The source is no template that may be used; the message says where and why."""


class RenderError(Exception):
    """No text came of a template; ``missing`` names the variable if that was it."""

    def __init__(self, sentence: str, missing: str = "") -> None:
        super().__init__(sentence)
        self.missing = missing


class Template:
    """A template compiled once: names it uses, and the text for given values.

    Raises BadTemplateError for what ``check`` finds.
    """

    __slots__ = ("_engine", "_name", "names")

    def __init__(self, name: str, source: str) -> None:
        if problems := check(name, source):
            raise BadTemplateError(f"{name}, {problems[0]}")
        self._name = name
        self._engine = _engine(name, source)
        self.names: frozenset[str] = undeclared(source)

    def render(self, values: Mapping[str, str]) -> str:
        """Fill in the values, or raise RenderError."""
        try:
            text = self._engine.render_template(self._name, **values)
        except minijinja.TemplateError as error:
            raise _explained(self._name, error) from None
        if len(text) > MAX_RESULT:
            raise RenderError(
                f"{self._name} became longer than {MAX_RESULT} characters"
            )
        return text


def check(name: str, source: str) -> list[Problem]:
    """List what is wrong with a template; empty = it can be compiled."""
    if len(source) > MAX_SOURCE:
        return [Problem(1, f"it is longer than {MAX_SOURCE} characters")]
    if odd := CONTROL.search(source):
        line = source.count("\n", 0, odd.start()) + 1
        sentence = f"it contains the control character U+{ord(odd[0]):04X}: take it out"
        return [Problem(line, sentence)]
    if name == "subject" and "\n" in source.strip():
        return [Problem(1, "a subject is one line")]
    if problems := list(forbidden(source)):
        return problems
    try:
        _engine(name, source)
    except minijinja.TemplateError as error:
        return [Problem(error.line or 1, plainly(error.detail or error.kind))]
    return []


def undeclared(source: str) -> frozenset[str]:
    """Tell the names a checked template takes from outside, needed or not."""
    return frozenset(minijinja.Environment().undeclared_variables_in_str(source))


def _engine(name: str, source: str) -> minijinja.Environment:
    engine = minijinja.Environment(
        undefined_behavior="strict",
        fuel=FUEL,
        debug=True,  # an error then names the variable that is undefined
        pycompat=False,
        auto_escape_callback=lambda template: template == "html",
        keep_trailing_newline=True,
    )
    for function in list(engine.globals):
        engine.remove_global(function)
    engine.add_template(name, source)
    return engine


def _explained(name: str, error: minijinja.TemplateError) -> RenderError:
    where = f"line {error.line} of {name}"
    if error.kind == "OutOfFuel":
        return RenderError(f"{where} takes too many steps")
    detail = error.detail or error.kind
    if error.kind == "UndefinedError" and (found := _UNDEFINED.fullmatch(detail)):
        missing = found[1]
        return RenderError(
            f"{missing} is missing, {where} uses it: give the contact one, or write "
            f'{{{{ {missing}|default("...") }}}}',
            missing,
        )
    return RenderError(f"{where} failed: {detail}")
