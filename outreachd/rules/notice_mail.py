"""A mail that came back, taken apart within limits: headers, parts, what it returns.

An own reader, since the standard library's takes time in proportion to lines times
depth, and these mails are hostile. It never raises and reads each octet a bounded
number of times: what is beyond a limit is not looked at. Broken MIME is read as people
would: a multipart whose boundary never comes is plain text. A message enclosed in the
mail is what it *returns*: its headers are kept apart, its text is nobody's answer.
Limits are in octets unless said. Sources: RFC 5322, 2045, 2046, 3462.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from outreachd.rules.notice_text import (
    decoded,
    fit,
    from_html,
    header_text,
    transferred,
)

MAX_MAIL = 16 << 20  # what is behind is not read
MAX_HEADER = 64 << 10  # a block of headers
MAX_FIELD = 8 << 10  # one header
MAX_FIELDS = 400
MAX_PARTS = 200  # of all depths together
MAX_DEPTH = 12
MAX_TEXT = 256 << 10  # of one part, still encoded
MAX_TEXTS = 1 << 20  # of all parts, characters
MAX_PREAMBLE = 300  # where a boundary that no header names is looked for

_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:(.*)", re.DOTALL)
_END_OF_HEADERS = re.compile(rb"\r?\n[ \t]*\r?\n")
_BOUNDARY = re.compile(
    rb"(?:\A|\n)--([^\s-][^\s]{4,150})[ \t]*\r?\n(?=[Cc]ontent-|\r?\n)"
)
_PARAMETER = re.compile(
    r";\s*([\w.*-]{1,40})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s\"]*))", re.DOTALL
)
_RETURNED = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header",
     "text/rfc822", "message/global-headers", "message/rfc822-headers",
     "message/partial"}
)  # fmt: skip


class Headers:
    """The headers of a mail or a part, in order; names in any case."""

    __slots__ = ("_fields",)

    def __init__(self, block: bytes) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in _fields(block[:MAX_HEADER]):
            self._fields.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def raw(self, name: str) -> str:
        """Tell the first value as it stands, "" if there is none."""
        return self._fields[name][0] if name in self._fields else ""

    def get(self, name: str) -> str:
        """Tell the first value as people read it, "" if there is none."""
        return header_text(self.raw(name))

    def all(self, name: str) -> list[str]:
        """Tell each value as people read it."""
        return [header_text(value) for value in self._fields.get(name, ())]


def _fields(block: bytes) -> Iterator[tuple[str, str]]:
    text = block.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    count = 0
    for line in re.split(r"\n(?![ \t])", text.replace("\r", "\n")):
        if found := _FIELD.match(line[:MAX_FIELD]):
            yield found[1].lower(), found[2].strip()
            count += 1
            if count == MAX_FIELDS:
                return


@dataclass(slots=True, weakref_slot=False)
class Part:
    """A leaf of the mail: its headers and its octets, still encoded."""

    headers: Headers
    type: str  # "text/plain", small letters
    parameters: dict[str, str]
    octets: bytes

    def text(self) -> str:
        """Read it as text, at most MAX_TEXT of it; of a page only its words."""
        octets = transferred(
            self.octets[:MAX_TEXT], self.headers.raw("content-transfer-encoding")
        )
        text = decoded(octets, self.parameters.get("charset"))
        text = fit(text.replace("\r\n", "\n").replace("\r", "\n"))
        return from_html(text) if self.type == "text/html" else text

    def content(self) -> bytes:
        """Undo its transfer encoding, at most MAX_TEXT of it."""
        encoding = self.headers.raw("content-transfer-encoding")
        return transferred(self.octets[:MAX_TEXT], encoding)


@dataclass
class Mail:
    """A mail taken apart; ``returned`` are the headers of messages enclosed in it."""

    headers: Headers
    type: str
    parameters: dict[str, str]
    parts: list[Part] = field(default_factory=list)
    returned: list[Headers] = field(default_factory=list)
    types: list[str] = field(default_factory=list)  # of every part, containers too

    @cached_property
    def text(self) -> str:
        """What the mail itself says: its plain parts, else its pages."""
        for wanted in ("text/plain", "text/html"):
            texts, left = [], MAX_TEXTS
            for part in self.parts:
                if part.type == wanted and left > 0:
                    texts.append(part.text()[:left])
                    left -= len(texts[-1])
            if any(text.strip() for text in texts):
                return "\n".join(texts)
        return ""

    def of_type(self, *types: str) -> list[Part]:
        """Find the parts of these types."""
        return [part for part in self.parts if part.type in types]


def open_mail(raw: bytes) -> Mail:
    """Take a mail apart; whatever the octets, there is an answer."""
    raw = raw[:MAX_MAIL]
    if raw.startswith((b"From ", b">From ")):  # an mbox's own line
        raw = raw.partition(b"\n")[2]
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    headers, body = split(raw.lstrip(b"\r\n"))
    kind, parameters = content_type(headers)
    mail = Mail(headers, kind, parameters)
    _walk(mail, headers, body, "text/plain", 0)
    return mail


def split(raw: bytes) -> tuple[Headers, bytes]:
    """Divide headers from body; the first line that is none ends them too."""
    if raw.startswith((b"\n", b"\r\n")):
        return Headers(b""), raw.lstrip(b"\r\n")
    end = _END_OF_HEADERS.search(raw, 0, MAX_HEADER)
    if end is None:
        return Headers(raw), raw[MAX_HEADER:]
    return Headers(raw[: end.start()]), raw[end.end() :]


def content_type(headers: Headers) -> tuple[str, dict[str, str]]:
    """Read a Content-Type: the type in small letters, and its parameters."""
    value = headers.raw("content-type")
    name = value.partition(";")[0].strip().strip('"').lower()
    parameters = {
        found[1].lower().removesuffix("*").removesuffix("*0"): found[2]
        or found[3]
        or ""
        for found in _PARAMETER.finditer(value)
    }
    return name, parameters


def _walk(mail: Mail, headers: Headers, body: bytes, default: str, depth: int) -> None:
    kind, parameters = content_type(headers)
    kind = kind if "/" in kind else default
    mail.types.append(kind)
    if len(mail.types) > MAX_PARTS:
        return
    if depth < MAX_DEPTH and (pieces := _multipart(kind, parameters, headers, body)):
        below = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        for piece in pieces:
            inner, rest = split(piece)
            _walk(mail, inner, rest, below, depth + 1)
        return
    if kind.startswith("multipart/"):
        kind = "text/plain"
    if kind in _RETURNED:
        content = transferred(body[:MAX_TEXT], headers.raw("content-transfer-encoding"))
        mail.returned.append(split(content.lstrip(b"\r\n"))[0])
    mail.parts.append(Part(headers, kind, parameters, body))


def _multipart(
    kind: str, parameters: dict[str, str], headers: Headers, body: bytes
) -> list[bytes]:
    """Cut what is, or looks like, a multipart; empty if it cannot be one."""
    named = parameters.get("boundary", "").encode("utf-8", "surrogateescape")[:200]
    if kind.startswith("multipart/"):
        if named and (pieces := _pieces(body, named)):
            return pieces
    elif "content-type" in headers:
        return []
    # The header was lost or folded wrongly: the body shows its boundary itself.
    guess = _BOUNDARY.search(body, 0, MAX_PREAMBLE)
    return _pieces(body, guess[1]) if guess else []


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """Cut a multipart at its boundary lines; what is before the first is dropped."""
    mark = re.compile(
        rb"(?:\A|\n)--" + re.escape(boundary) + rb"(--)?[ \t]*\r?(?=\n|\Z)"
    )
    pieces: list[bytes] = []
    start = None
    for found in mark.finditer(body):
        if start is not None:
            pieces.append(body[start : found.start()])
        start = found.end() + 1
        if found[1] or len(pieces) >= MAX_PARTS:
            return pieces
    if start is not None:  # the closing line never came
        pieces.append(body[start:])
    return pieces
