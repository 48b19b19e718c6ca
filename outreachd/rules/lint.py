"""What a careful reader would say of a wording before anybody gets it.

Errors are what must not go out: it would be unlawful, unreadable or broken. Warnings
are what harms a letter's chances. Only what stands in the templates is judged here;
what depends on contacts is found by writing their letters. Nothing is changed.
Sources: 15 U.S.C. 7704(a) (true subject, postal address, way out); the German UWG
section 7; Gmail's help (letters above 102 kB are clipped); RFC 3986 for links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from outreachd.rules.model import Client, Mailbox
from outreachd.rules.template_tags import tag_spans
from outreachd.rules.wording import Wording

CLIPPED = 102_000  # octets of HTML that Gmail shows
MAX_LETTER = 10_000_000  # octets that most servers take
LONG_SUBJECT = 120  # characters
SHOUTING = 6  # letters, from which capitals alone are shouting


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: a word for scripts and a sentence for people."""

    severity: Severity
    word: str
    sentence: str


# Answers and forwards in the languages people write in.
_REPLY = re.compile(
    r"\s*(?:re|fwd?|fw|aw|wg|antw|sv|vs|tr|rif|res|enc|odp|pd|отв|ответ|пер)\s*"
    r"(?:\[\d+\])?\s*:",
    re.IGNORECASE,
)
_URL = re.compile(r"\bhttps?:[^\s<>\"')\]]*", re.IGNORECASE)
_HALF_URL = re.compile(
    r"\b(?:https?//|https?:/(?!/)|https?:[a-z]|ht?tps?:///)", re.IGNORECASE
)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*))""", re.IGNORECASE)
_SHORT = frozenset(
    {"bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "cutt.ly"}
)
_FOREIGN = re.compile(
    r"\*\|[A-Z_:]+\|\*|%[A-Z][A-Z_]{2,}%|<%=?|\[\[?\w+\]\]"
    r"|(?<!\{)\{ ?(?:first|last|full)?_?name ?\}(?!\})"
    r"|\[(?:first |last |full )?name\]|\[company\]",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"</?(?:p|br|div|a|b|strong|table|html|body)\b[^<>]*>", re.IGNORECASE
)
_STRIPPED = re.compile(r"<(script|form|iframe|object|video)\b", re.IGNORECASE)


def lint_wording(wording: Wording, *, is_first: bool) -> Iterator[Finding]:
    """Judge the templates of a letter."""
    yield from _subject(wording.subject, is_first=is_first)
    if not (wording.text or "").strip():
        yield _error("empty_text", "the text is empty")
    elif _MARKUP.search(wording.text or ""):
        yield _warning("markup_in_text", "the text holds HTML tags: readers see them")
    for part, source in (("text", wording.text), ("html", wording.html)):
        if source is None:
            continue
        plain = _without_tags(source)
        if foreign := _FOREIGN.search(plain):
            yield _warning(
                "foreign_placeholder",
                f"the {part} holds {foreign[0]}, which nobody fills in: here it is"
                " written {{ name }}",
            )
        yield from _links(part, plain)
    if wording.html is not None:
        yield from _html(wording.html)


def lint_sender(client: Client, mailboxes: list[Mailbox]) -> Iterator[Finding]:
    """Judge who a campaign's letters are from."""
    if not re.search(r"\d", client.postal_address) or len(client.postal_address) < 12:
        yield _warning(
            "postal_address",
            f'"{client.postal_address}" does not look like a postal address: the law of'
            " most countries asks for street and town",
        )
    for box in mailboxes:
        if "@" in box.name or not box.name.strip():
            yield _warning(
                "sender_name", f"{box.address} has no person's name as its sender"
            )


def lint_way_out(base_url: str | None) -> Iterator[Finding]:
    """Judge whether a reader can opt out."""
    if not base_url:
        yield _error(
            "no_opt_out",
            "there is no way to opt out: set base_url in [http.public], where the"
            " opt-out page can be reached",
        )
    elif not base_url.startswith("https://"):
        yield _warning(
            "opt_out_not_https",
            "the opt-out link is not https, so mail readers show no button for it",
        )


def lint_size(letter_octets: int, html_octets: int) -> Iterator[Finding]:
    """Judge the largest letter that comes of a wording."""
    if letter_octets > MAX_LETTER:
        yield _error(
            "oversized",
            f"the letter has {letter_octets / 1e6:.1f} MB: most servers refuse more"
            f" than {MAX_LETTER / 1e6:.0f}",
        )
    if html_octets > CLIPPED:
        yield _warning(
            "clipped",
            f"the HTML has {html_octets // 1000} kB: Gmail hides what is beyond"
            f" {CLIPPED // 1000}, the way out too",
        )


def _subject(subject: str | None, *, is_first: bool) -> Iterator[Finding]:
    if subject is None:
        return
    plain = _without_tags(subject)
    if is_first and _REPLY.match(plain):
        yield _error(
            "false_reply",
            f'the first subject begins with "{plain.split(":")[0].strip()}:" but'
            " answers nothing: a misleading subject is unlawful",
        )
    letters = [c for c in _without_tags(subject, "") if c.isalpha()]
    if len(letters) >= SHOUTING and all(c.isupper() for c in letters):
        yield _warning("shouting", "the subject is in capitals only")
    if plain.count("!") > 1:
        yield _warning("shouting", "the subject has more than one exclamation mark")
    if len(plain) > LONG_SUBJECT:
        yield _warning(
            "long_subject", f"the subject is longer than {LONG_SUBJECT} characters"
        )
    if foreign := _FOREIGN.search(plain):
        yield _warning(
            "foreign_placeholder",
            f"the subject holds {foreign[0]}, which nobody fills in: here it is written"
            " {{ name }}",
        )


def _html(source: str) -> Iterator[Finding]:
    if found := _STRIPPED.search(source):
        yield _warning(
            "stripped", f"mail readers take <{found[1].lower()}> out of the HTML"
        )
    for found in _HREF.finditer(_without_tags(source)):
        target = (found[1] or found[2] or found[3] or "").strip()
        if fault := _href_fault(target):
            yield _error("broken_link", f'the link "{target}" {fault}')


def _href_fault(target: str) -> str:
    if target.startswith(("#", "x", "http:", "https:")):  # _links looks at those
        return ""
    if not target:
        return "leads nowhere"
    scheme, colon, rest = target.partition(":")
    if colon and scheme.lower() in ("mailto", "tel", "sms") and rest:
        return ""
    return "is no address a mail reader can open: begin it with https://"


def _links(part: str, plain: str) -> Iterator[Finding]:
    if half := _HALF_URL.search(plain):
        shown = plain[half.start() : half.start() + 40].split()[0]
        yield _error(
            "broken_link", f'"{shown}" in the {part} is no link: a / or : lacks'
        )
    seen: set[str] = set()
    for found in _URL.finditer(plain):
        url = found[0].rstrip(".,;:!?&")
        if url in seen:
            continue
        seen.add(url)
        try:
            host = urlsplit(url).hostname or ""
            _ = urlsplit(url).port
        except ValueError:
            yield _error(
                "broken_link", f'the link "{url}" in the {part} cannot be read'
            )
            continue
        if not host or ".." in host or host.startswith((".", "-")):
            yield _error("broken_link", f'the link "{url}" in the {part} has no host')
        elif host in _SHORT:
            yield _warning(
                "short_link", f"{host} hides where a link leads: filters distrust it"
            )
        elif url.lower().startswith("http:"):
            yield _warning("not_https", f'the link "{url}" in the {part} is not https')


def _without_tags(source: str, stand_in: str = "x") -> str:
    """Put a letter where a template tag stands that writes something."""
    pieces, end = [], 0
    for span in tag_spans(source):
        pieces += [source[end : span.start], stand_in if span.kind == "{{" else ""]
        end = span.end
    return "".join([*pieces, source[end:]])


def _error(word: str, sentence: str) -> Finding:
    return Finding(Severity.ERROR, word, sentence)


def _warning(word: str, sentence: str) -> Finding:
    return Finding(Severity.WARNING, word, sentence)
