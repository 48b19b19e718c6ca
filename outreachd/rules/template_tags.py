"""The tags of a template: where they stand, and what may be written in them.

A list tells what is allowed (tags, filters, tests); all else is refused: no calls, no
`set`, no `*`, no endless expression. Nothing is rendered or looked up here, and a line
counts from 1. Source: minijinja's documentation of its syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from outreachd.rules.template_words import odd_sign

MAX_TAGS = 500  # {{ }} and {% %} in one template; the engine nests `elif`
MAX_TOKENS = 100  # words and signs in one tag

ALLOWED_TAGS = frozenset({"if", "elif", "else", "endif", "for", "endfor"})
# None of these makes a text much longer than it was; `join` and `replace` could.
ALLOWED_FILTERS = frozenset(
    {"capitalize", "default", "e", "escape", "first", "int", "last", "length", "lower"}
    | {"split", "title", "trim", "upper", "urlencode"}
)
ALLOWED_TESTS = frozenset({"defined", "undefined", "startingwith", "endingwith"})

_OPENING = re.compile(r"\{[{%#]")
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(
    r""""(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'   # a text
      | [^\W\d]\w* | \d{1,9}                    # a name, a number
      | [=!<>]=  | [.,|()\[\]:~<>=+-]           # a sign""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[^\W\d]\w*")
# Words before a bracket that do not make it a call.
_WORDS = frozenset({"and", "or", "not", "in", "if", "elif", "else"})
_TRIMS = frozenset("+-")  # beside the braces: how blanks around the tag are cut
_CLOSERS = frozenset(")]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a template, on which of its lines (from 1)."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class TagSpan:
    """Where a tag stands: ``kind`` is how it opens, ``verb`` its first word."""

    kind: str
    verb: str
    start: int
    end: int


def tag_spans(source: str) -> Iterator[TagSpan]:
    """Find the tags of a template that was checked, in order."""
    position = 0
    while opening := _OPENING.search(source, position):
        kind, start = opening[0], opening.start()
        verb = ""
        if kind == "{#":
            position = source.index(_CLOSING[kind], opening.end()) + 2
        else:
            tokens, position, _ = _read_tag(source, opening.end(), _CLOSING[kind])
            verb = next((word for word in tokens if word not in _TRIMS), "")
        yield TagSpan(kind, verb, start, position)


def forbidden(source: str) -> Iterator[Problem]:
    """Find what may not be written; ends at what cannot be read at all."""
    position = tags = 0
    while opening := _OPENING.search(source, position):
        line = source.count("\n", 0, opening.start()) + 1
        closing = _CLOSING[opening[0]]
        tags += 1
        if tags > MAX_TAGS:
            yield Problem(line, f"it has more than {MAX_TAGS} tags")
            return
        if closing == "#}":
            end = source.find(closing, opening.end())
            if end < 0:
                yield Problem(line, "the comment has no end #}")
                return
            position = end + 2
            continue
        tokens, position, fault = _read_tag(source, opening.end(), closing)
        if fault:
            yield Problem(line, fault)
            return
        for sentence in _misused(tokens, statement=closing == "%}"):
            yield Problem(line, sentence)


def _read_tag(source: str, position: int, closing: str) -> tuple[list[str], int, str]:
    """Split one tag into tokens; return where it ends and what cannot be read."""
    tokens: list[str] = []
    while len(tokens) <= MAX_TOKENS:
        position = _end_of_space(source, position)
        if source.startswith(closing, position):
            return tokens, position + 2, ""
        token = _TOKEN.match(source, position)
        if token is None:
            odd = source[position : position + 1]
            fault = odd_sign(odd) if odd else f"it has no end {closing}"
            return tokens, position, fault
        tokens.append(token[0])
        position = token.end()
    return tokens, position, f"a tag has more than {MAX_TOKENS} words and signs"


def _end_of_space(source: str, position: int) -> int:
    space = _SPACE.match(source, position)
    return space.end() if space else position


def _misused(words: list[str], *, statement: bool) -> Iterator[str]:
    """Find what one tag uses that is not on the lists."""
    verb = next((word for word in words if word not in _TRIMS), "")
    if statement and verb not in ALLOWED_TAGS:
        yield _not_allowed("tag", verb, ALLOWED_TAGS)
        return
    for before, word in pairwise(words):
        if before == word == "|":
            yield "|| is not known here: write `or`"
            return
        if before == "|" and word not in ALLOWED_FILTERS:
            yield _not_allowed("filter", word, ALLOWED_FILTERS)
        if before == "is" and word not in ALLOWED_TESTS | {"not"}:
            yield _not_allowed("test", word, ALLOWED_TESTS)
    for before, word, after in zip(["", *words], words, words[1:], strict=False):
        if word == "-" and _is_name(before) and _is_name(after):
            yield (
                f"`{before}-{after}` is no name: where a column has -, its variable"
                f" has _, {before}_{after}"
            )
        operand = _is_name(word) or word in _CLOSERS
        if after == "(" and operand and before not in {"|", "is", "not"}:
            yield f"`{word}(` would call something, and templates cannot"


def _is_name(word: str) -> bool:
    return _NAME.fullmatch(word) is not None and word not in _WORDS


def _not_allowed(what: str, word: str, allowed: frozenset[str]) -> str:
    return (
        f"the {what} `{word}` is not allowed; allowed are {', '.join(sorted(allowed))}"
    )
