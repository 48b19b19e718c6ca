"""Styles worked into the elements they are for, since mail readers drop <style>.

Done once, when a wording is taken on, never for a letter: the result is a template
like any other. What cannot be worked in (@media, :hover) stays in a <style>. Nothing is
loaded from anywhere: links to style sheets and @import are refused. HTML without
<style> is returned as it was. Errors: BadMarkupError.
Source: the documentation of css-inline.
"""

from __future__ import annotations

import re

import css_inline

from outreachd.rules.markup import BadMarkupError, Masked, masked

MAX_CSS = 50_000  # characters in all <style> of a letter
MAX_BRACKETS = 8  # within each other; the library's parser goes down by recursion

_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
# Each reads every character a few times at most, also where nothing is ever closed.
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_LINK = re.compile(r"<link\b([^<>]*)", re.IGNORECASE)
_REL = re.compile(r"\brel\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]*))", re.IGNORECASE)
_BRACKET = re.compile(r"[()\[\]{}]")
# Rules that count neighbours see a list once, the reader sees it filled.
_COUNTING = re.compile(
    r":(?:nth-|first-|last-|only-|empty)[\w-]*|[\w*)\]]\s*[+~]\s*[\w.#*:\[]"
)

_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False,
    keep_link_tags=True,
    keep_style_tags=True,
    keep_at_rules=True,
    remove_inlined_selectors=True,
)


def with_inlined_styles(source: str) -> str:
    """Work the styles of a checked template into its elements."""
    for link in _LINK.finditer(source):
        if any("stylesheet" in rel[0].lower() for rel in _REL.finditer(link[1])):
            raise BadMarkupError(
                _line(source, link.start()),
                "mail readers load no style sheets: write the styles into <style>",
            )
    if "<style" not in source.lower():
        return source
    before = masked(source, for_styles=True)
    css = "\n".join(_STYLE.findall(before.html))
    _check_css(source, css, has_blocks=any(t.startswith("{%") for t in before.tags))
    html = before.html
    if "<body" not in html.lower():
        html = f"<html><head></head><body>{html}</body></html>"
    try:
        inlined = _INLINER.inline(html)
    except (css_inline.InlineError, ValueError) as error:
        why = str(error) or "they cannot be read"
        raise BadMarkupError(
            _line_of(source, "<style"), f"the styles cannot be worked in: {why}"
        ) from None
    return _unmoved(source, before, inlined)


def _unmoved(source: str, before: Masked, inlined: str) -> str:
    """Put the tags back if each still stands once, and in its order."""
    marks = before.marks(inlined)
    for wanted in range(len(before.tags)):
        if wanted >= len(marks) or marks[wanted] != wanted:
            tag = before.tags[wanted]
            raise BadMarkupError(
                _line_of(source, tag),
                f"working in the styles would move or lose {tag}: put it between"
                " elements or within a quoted value",
            )
    inlined = inlined.replace("<style></style>", "")
    if "<tbody" not in source.lower():  # the parser adds it, also within a block
        inlined = inlined.replace("<tbody>", "").replace("</tbody>", "")
    result = before.restored(inlined)
    try:  # the result has every end tag: now it shows if an element crosses a block
        masked(result, for_styles=False)
    except BadMarkupError as error:
        raise BadMarkupError(_line_of(source, "{%"), error.sentence) from None
    return result


def _check_css(source: str, css: str, *, has_blocks: bool) -> None:
    line = _line_of(source, "<style")
    css = _COMMENT.sub("", css)
    if len(css) > MAX_CSS:
        raise BadMarkupError(line, f"the styles have more than {MAX_CSS} characters")
    if "@import" in css.lower():
        raise BadMarkupError(line, "@import loads styles, and mail readers load none")
    depth = 0
    for bracket in _BRACKET.finditer(css):
        depth += 1 if bracket[0] in "([{" else -1
        if depth > MAX_BRACKETS:
            raise BadMarkupError(
                line, f"more than {MAX_BRACKETS} brackets are within each other"
            )
    selectors = re.sub(r"\{[^{}]*\}", "{}", css)
    if has_blocks and (counting := _COUNTING.search(selectors)):
        raise BadMarkupError(
            line,
            f'"{counting[0]}" counts neighbours, but which there are depends on the'
            " contact: give the element a class",
        )


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _line_of(source: str, what: str) -> int:
    return _line(source, max(source.lower().find(what.lower()), 0))
