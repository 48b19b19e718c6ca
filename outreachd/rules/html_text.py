"""The text part of a letter, made from its HTML when none was written.

What is read aloud stays, in its order: headings and paragraphs apart, list items with
a dash, cells of a row with a blank between, links as "label (address)". Template tags
stand where they stood, so the text is a template as the HTML is. Made once, when a
wording is taken on. Errors: BadMarkupError.
Source: the HTML standard; RFC 3676 for what plain text looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from outreachd.rules.markup import BadMarkupError, Masked, masked
from outreachd.rules.template import check

_HIDDEN = frozenset(
    {"head", "style", "script", "title", "template", "noscript", "iframe", "object"}
    | {"select", "textarea", "button", "svg"}
)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre", "table"}
)
_LINES = frozenset(
    {"div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "center"}
)
_CELLS = frozenset({"td", "th"})
_SPACE = re.compile(r"[ \t\n\r\f]+")
_ALT = re.compile(r'<img\b[^<>]*\balt="([^"]*)"[^<>]*>')
_ELEMENT = re.compile(r"</?[a-z][^<>]*>")
_INVISIBLE = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|mso-hide\s*:\s*all)", re.IGNORECASE
)


def text_of(source: str) -> str:
    """Write the text of a checked HTML template, as a template."""
    page = masked(source, for_styles=False)
    # Without it the marks at the start would stand outside the document.
    is_whole = "<body" in page.html.lower()
    tree = LexborHTMLParser(page.html if is_whole else f"<body>{page.html}</body>")
    made = "".join(_pieces(tree.root, page)) if tree.root else ""
    text = page.restored(_laid_out(made))
    if problems := check("text", text):
        raise BadMarkupError(
            1, f"no text can be made of it ({problems[0].sentence}): write text too"
        )
    return text


# How far apart two pieces stand, as characters that no letter may hold.
_BLANK, _LINE, _PARAGRAPH = "\ue000", "\ue001", "\ue002"
_GAP = re.compile("[ \ue000-\ue002]*[\ue000-\ue002][ \ue000-\ue002]*")


def _laid_out(made: str) -> str:
    """Turn wishes for distance into line ends; the widest of neighbours wins."""

    def gap(found: re.Match[str]) -> str:
        if _PARAGRAPH in found[0]:
            return "\n\n"
        return "\n" if _LINE in found[0] else " "

    lines = _GAP.sub(gap, made).split("\n")
    return "\n".join(line.strip(" ") for line in lines).strip("\n") + "\n"


def _pieces(root: LexborNode, page: Masked) -> Iterator[str]:
    """Walk without recursion: into a node, over its children, out of it."""
    node: LexborNode | None = root
    while node is not None:
        yield from _entered(node, page)
        child = None if _is_hidden(node) else node.first_child
        if child is not None:
            node = child
            continue
        while node is not None:
            yield from _left(node, page)
            if node.next is not None or node.mem_id == root.mem_id:
                break
            node = node.parent
        if node is None or node.mem_id == root.mem_id:
            return
        node = node.next


def _is_hidden(node: LexborNode) -> bool:
    if node.is_text_node or node.is_comment_node:
        return False
    style = node.attributes.get("style") or ""
    return node.tag in _HIDDEN or _INVISIBLE.search(style) is not None


def _entered(node: LexborNode, page: Masked) -> Iterator[str]:
    if node.is_text_node:
        yield _SPACE.sub(" ", node.text_content or "")
    elif node.is_comment_node:
        if page.is_mark(node.comment_content or ""):
            yield f"<!--{node.comment_content}-->"
    elif node.tag == "br":
        yield "\n"
    elif node.tag == "hr":
        yield f"{_PARAGRAPH}--{_PARAGRAPH}"
    elif node.tag == "img" and not _is_hidden(node):
        yield node.attributes.get("alt") or ""
    elif node.tag == "li":
        yield f"{_LINE}- "
    else:
        yield _distance(node)


def _left(node: LexborNode, page: Masked) -> Iterator[str]:
    if node.tag == "a" and not _is_hidden(node):
        yield _address(node, page)
    if not node.is_text_node and not node.is_comment_node and node.tag != "li":
        yield _distance(node)


def _distance(node: LexborNode) -> str:
    if node.tag in _PARAGRAPHS:
        return _PARAGRAPH
    if node.tag in _LINES:
        return _LINE
    return _BLANK if node.tag in _CELLS else ""


def _address(node: LexborNode, page: Masked) -> str:
    """Write where a link leads, if that is not what it says."""
    href = (node.attributes.get("href") or "").strip()
    bare = href.removeprefix("mailto:").removeprefix("tel:")
    shown = _ALT.sub(r"\1", page.restored(node.inner_html or ""))
    label = _ELEMENT.sub("", shown).strip()
    if not href or href.startswith(("#", "javascript:")) or bare in (label, ""):
        return ""
    if label.removeprefix("https://").removeprefix("http://") == href.removeprefix(
        "https://"
    ).removeprefix("http://").rstrip("/"):
        return ""
    return f" ({bare})" if label else bare
