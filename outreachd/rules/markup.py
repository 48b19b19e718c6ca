"""HTML that still has template tags in it, made fit for tools that know only HTML.

``masked`` puts a mark where each template tag stands, of a kind that survives its
place: a comment between elements (also inside a table, where text would be moved out),
a word within a quoted value. ``restored`` puts the tags back. On the way it checks what
such tools cannot bear: they crash on deep nesting and need hours for elements that are
opened and never closed. Errors: BadMarkupError, a sentence with its line.
Source: the HTML standard, "Parsing HTML documents" (raw text, void elements).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from outreachd.rules.template_tags import TagSpan, tag_spans

MAX_TAGS = 5_000  # elements; a letter of 100 kB has some hundred
MAX_DEPTH = 100  # elements within each other

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"}
    | {"param", "source", "track", "wbr"}
)
# What is in them is text, whatever it looks like.
_RAW = frozenset(
    {"style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes"}
)
# Whose end may be left out: the parser sees it.
_OPTIONAL_END = frozenset(
    {"p", "li", "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "caption"}
    | {"colgroup", "option", "optgroup", "body", "html", "head"}
)
# A parser opens these anew in every element that follows, until they are closed.
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike"}
    | {"strong", "tt", "u"}
)
_PIECE = re.compile(r"<!--|<[!?]|</?[A-Za-z]|\ue000")
# Possessive: what cannot be read is given up at once, not tried in other ways.
_TAG = re.compile(
    r"</?(?P<name>[A-Za-z][^\s/>\ue000]*+)"
    r"(?P<inside>(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+)>"
)
_VALUE = re.compile(r"([^\s=/>\"']++)\s*+=\s*+(\"[^\"]*+\"|'[^']*+'|[^\s>\"']++)")
_MARK = re.compile("\ue000([0-9]+)\ue001")


class BadMarkupError(ValueError):
    """The HTML cannot be worked on; the message says what to change."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(f"line {line}: {sentence}")
        self.line = line
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Masked:
    """HTML with marks, and the tags they stand for."""

    html: str
    tags: tuple[str, ...]
    word: str  # begins every mark; nothing else in the HTML does
    has_styles: bool

    def marks(self, text: str) -> list[int]:
        """Tell which marks stand in a text, in order."""
        return [_number(found) for found in self._pattern().finditer(text)]

    def is_mark(self, comment: str) -> bool:
        """Tell whether what a comment holds makes it a mark."""
        return re.fullmatch(rf"{self.word}\d+z", comment) is not None

    def restored(self, text: str) -> str:
        """Put the tags back."""
        return self._pattern().sub(lambda found: self.tags[_number(found)], text)

    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"<!--{self.word}(\d+)z-->|{self.word}(\d+)y")


def _number(mark: re.Match[str]) -> int:
    return int(mark[1] or mark[2])


def masked(source: str, *, for_styles: bool) -> Masked:
    """Mask a template that was checked; ``for_styles``: its styles will be inlined."""
    if odd := re.search("[\ue000\ue001\x00]", source):
        raise BadMarkupError(
            source.count("\n", 0, odd.start()) + 1,
            f"the character U+{ord(odd[0]):04X} may not stand in a letter",
        )
    pieces: list[str] = []
    tags: list[str] = []
    spans: list[TagSpan] = []
    end = 0
    for span in tag_spans(source):
        pieces.append(source[end : span.start])
        end = span.end
        if span.kind != "{#":
            pieces.append(f"\ue000{len(tags)}\ue001")
            tags.append(source[span.start : span.end])
            spans.append(span)
        elif "\n" in source[span.start : span.end]:
            pieces.append("\n" * source.count("\n", span.start, span.end))
    pieces.append(source[end:])
    word = "tplq"
    while word in source.lower():
        word += "q"
    scan = _Scan("".join(pieces), spans, word, for_styles=for_styles)
    html = "".join(scan.pieces())
    return Masked(html, tuple(tags), word, scan.has_styles)


class _Scan:
    """One walk over HTML with bare marks, which become marks that fit their place."""

    def __init__(
        self, html: str, spans: list[TagSpan], word: str, *, for_styles: bool
    ) -> None:
        self._html = html
        self._spans = spans
        self._word = word
        self._for_styles = for_styles
        self._open: list[str] = []
        # Of each template block that is open: how many elements were at its start.
        self._blocks: list[int] = []
        self._count = 0
        self.has_styles = False

    def pieces(self) -> Iterator[str]:
        """Walk once, from start to end."""
        position = 0
        while found := _PIECE.search(self._html, position):
            yield self._html[position : found.start()]
            start = found.start()
            if found[0] == "\ue000":
                mark = _MARK.match(self._html, start)
                assert mark is not None, "we wrote it"
                self._at_block(self._spans[int(mark[1])], start)
                yield f"<!--{self._word}{mark[1]}z-->"
                position = mark.end()
            elif found[0] in ("<!--", "<!", "<?"):
                position = self._end_of_comment(found[0], start)
                yield self._words(self._html[start:position])
            else:
                position = self._end_of_element(start)
                yield self._words(self._html[start:position])
        yield self._html[position:]

    def _fault(self, position: int, sentence: str) -> BadMarkupError:
        return BadMarkupError(self._html.count("\n", 0, position) + 1, sentence)

    def _words(self, piece: str) -> str:
        return _MARK.sub(rf"{self._word}\1y", piece)

    def _end_of_comment(self, opening: str, start: int) -> int:
        closing = "-->" if opening == "<!--" else ">"
        end = self._html.find(closing, start)
        if end < 0:
            raise self._fault(start, f"the {opening} has no end {closing}")
        return end + len(closing)

    def _end_of_element(self, start: int) -> int:
        """Check one start or end tag, with the raw text that follows it."""
        tag = _TAG.match(self._html, start)
        if tag is None:
            shown = self._html[start : start + 20].split("\n")[0]
            raise self._fault(start, f"the tag {_MARK.sub('...', shown)} has no end >")
        name = tag["name"].lower()
        self._count += 1
        if self._count > MAX_TAGS:
            raise self._fault(start, f"it has more than {MAX_TAGS} elements")
        if self._html[start + 1] == "/":
            self._close(name, start)
            return tag.end()
        self._check_values(name, tag["inside"], start)
        if name in _RAW:
            return self._end_of_raw(name, tag.end())
        if name not in _VOID:
            self._open.append(name)
            if len(self._open) > MAX_DEPTH:
                raise self._fault(
                    start, f"more than {MAX_DEPTH} elements are within each other"
                )
        return tag.end()

    def _end_of_raw(self, name: str, start: int) -> int:
        end = re.compile(f"</{name}\\s*>", re.IGNORECASE).search(self._html, start)
        if end is None:
            raise self._fault(start, f"the <{name}> has no end </{name}>")
        if name == "style":
            self.has_styles = True
            if self._for_styles and "\ue000" in self._html[start : end.start()]:
                raise self._fault(
                    start,
                    "a variable cannot stand in <style>, since styles are worked in"
                    " before anybody is written to: write it in a style attribute",
                )
        return end.end()

    def _close(self, name: str, start: int) -> None:
        if name not in self._open:
            if name in ("p", "br"):  # the parser would make an element of it
                raise self._fault(start, f"</{name}> closes nothing")
            return
        while True:
            if self._blocks and len(self._open) <= self._blocks[-1]:
                raise self._fault(
                    start,
                    f"</{name}> closes what was opened outside the template block:"
                    " open and close it on the same side",
                )
            inner = self._open.pop()
            if inner == name:
                return
            if inner not in _OPTIONAL_END or name in _FORMATTING:
                raise self._fault(start, f"<{inner}> is not closed before </{name}>")

    def _check_values(self, name: str, inside: str, start: int) -> None:
        if "\ue000" not in inside:
            return
        if "\ue000" in _VALUE.sub("", inside):
            raise self._fault(
                start, f"in <{name}> a template tag may only stand within a value"
            )
        if not self._for_styles:
            return
        for key, value in _VALUE.findall(inside):
            if "\ue000" not in value:
                continue
            if key.lower() in ("class", "id"):
                raise self._fault(
                    start,
                    f"the {key} of <{name}> depends on the contact, but styles are"
                    " worked in before: write a {% if %} around the whole element",
                )
            marks = (self._spans[int(n)] for n in _MARK.findall(value))
            if key.lower() == "style" and any(span.kind == "{%" for span in marks):
                raise self._fault(
                    start, f"the style of <{name}> may hold {{{{ }}}}, but no {{% %}}"
                )

    def _at_block(self, span: TagSpan, start: int) -> None:
        """Elements opened within a template block are closed within it."""
        if span.kind != "{%":
            return
        if span.verb in ("if", "for"):
            self._blocks.append(len(self._open))
        elif self._blocks and self._blocks[-1] != len(self._open):
            raise self._fault(
                start,
                f"<{self._open[-1]}> is opened within the template block and not"
                " closed within it",
            )
        if span.verb in ("endif", "endfor") and self._blocks:
            self._blocks.pop()
