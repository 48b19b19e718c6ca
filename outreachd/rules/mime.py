"""Bytes of a letter: header values, bodies and parts, written by hand.

The standard library is not used for writing: on several supported Pythons a decoded
line break in a Subject becomes a header of its own (CVE-2024-6923), it encodes long
List-Unsubscribe links and it costs forty times as much. What always holds: only CRLF
ends a line, no line is longer than 998 octets, everything is ASCII, and what came from
outside is refused (UnsafeHeaderError) if it holds a control, a line break of any script
or an encoded word. Sources: RFC 5322, RFC 2045 to 2047, RFC 8058 for the links,
RFC 2183 and RFC 2231 for the names of files.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

CRLF = b"\r\n"
# Octets of text in an encoded word: 52 characters of base64 and 12 around them keep
# "Subject: " on the same line within the 76 of RFC 2047 section 2.
ENCODED_WORD_OCTETS = 39
LINE = 66  # characters of header text on a line; 78 less the longest name we write
NAME_PIECE = 50  # characters of a file's name on a line, encoded
PLAIN_LINE = 990  # octets; every relay takes 998 with the line end
REMEMBERED_SENDERS = 16_384

# C0, DEL, C1 (with U+0085), the line and paragraph separators, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# A decoder between us and the reader might open it, whatever it holds.
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)
_ATOMS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)
_ASCII_OCTETS = bytes(range(128))
# Not strftime: its names follow the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


class UnsafeHeaderError(ValueError):
    """A value from outside must not stand in a header; the message says why."""


def checked_value(what: str, value: str) -> str:
    """Return a header value stripped, or raise UnsafeHeaderError naming ``what``."""
    value = value.strip(" ")
    if odd := _UNSAFE.search(value):
        raise UnsafeHeaderError(
            f"{what} contains a line break or control character (U+{ord(odd[0]):04X})"
        )
    if "=?" in value and _ENCODED_WORD.search(value):
        raise UnsafeHeaderError(
            f"{what} contains an encoded word (=?...?=); write the text itself"
        )
    return value


def header_text(value: str) -> bytes:
    """Write checked text as an unstructured header value, folded."""
    if value.isascii() and "=?" not in value:
        if len(value) <= LINE:
            return value.encode()
        # Two spaces in a row or one endless word cannot be folded without a change.
        if "  " not in value and max(map(len, value.split(" "))) <= LINE:
            return _folded(value)
    return _encoded(value)


@lru_cache(maxsize=REMEMBERED_SENDERS)
def sender(name: str, address: str) -> bytes:
    """Write ``Name <address>``; both checked by whoever configured the mailbox.

    Raises UnsafeHeaderError all the same: a header is no place for trust.
    """
    name = checked_value("the sender's name", name)
    if not name:
        return address.encode("ascii")
    if len(name) > LINE or not name.isascii() or "=?" in name:
        shown = _encoded(name)
    elif _ATOMS.fullmatch(name):
        shown = name.encode()
    else:
        shown = b'"%b"' % re.sub(r'(["\\])', r"\\\1", name).encode()
    gap = b"\r\n " if len(shown) + len(address) > LINE else b" "
    return b"%b%b<%b>" % (shown, gap, address.encode("ascii"))


@lru_cache(maxsize=64)
def date(at: datetime) -> bytes:
    """Write an aware instant as a Date header value, in UTC."""
    at = at.astimezone(UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day:02} {month} {at.year} {at:%H:%M:%S} +0000".encode()


def text_part(subtype: str, text: str) -> bytes:
    """Write a body and its headers, in the plainest encoding that is safe."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    raw = lines.encode()
    if _is_plain(lines):
        encoding, body = b"7bit", raw
        return _part(subtype, encoding, body)
    # Quoted-printable spends two octets more on each one outside ASCII: up to half as
    # much again is a fair price for Latin text that stays readable, more is not.
    outside = 0 if lines.isascii() else len(raw.translate(None, _ASCII_OCTETS))
    if 4 * outside > len(raw):
        encoding, body = b"base64", base64.encodebytes(raw.replace(b"\n", CRLF))
    else:
        encoding, body = b"quoted-printable", binascii.b2a_qp(raw, istext=True)
    return _part(subtype, encoding, body)


def _is_plain(lines: str) -> bool:
    """Tell whether a text passes every relay as it is: ASCII, short lines, no dots.

    A dot at the start of a line is left to an encoding, so that no relay's dot-stuffing
    is relied on but our own.
    """
    return (
        lines.isascii()
        and "\0" not in lines
        and "\n." not in lines
        and not lines.startswith(".")
        and _has_short_lines(lines)
    )


def _has_short_lines(lines: str) -> bool:
    """Leap from line end to line end, as far as each may lie: most texts take three."""
    start, end = 0, len(lines)
    while end - start > PLAIN_LINE:
        line_end = lines.rfind("\n", start, start + PLAIN_LINE + 1)
        if line_end < 0:
            return False
        start = line_end + 1
    return True


def _part(subtype: str, encoding: bytes, body: bytes) -> bytes:
    return (
        b"Content-Type: text/%b; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: %b\r\n\r\n%b"
        % (subtype.encode(), encoding, body.replace(b"\n", CRLF))
    )


def attachment_part(name: str, content_type: str, content: bytes) -> bytes:
    """Write a file as a part, once for all letters; its name was checked."""
    return (
        b"Content-Type: %b\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment;%b\r\n\r\n%b"
        % (
            content_type.encode(),
            _file_name(name),
            base64.encodebytes(content).replace(b"\n", CRLF),
        )
    )


def _file_name(name: str) -> bytes:
    """Write a file's name: plainly, or encoded and in pieces."""
    if name.isascii() and len(name) <= LINE - 12 and not set(name) & {'"', "\\", "%"}:
        return b'\r\n filename="%b"' % name.encode()
    encoded = "utf-8''" + quote(name, safe="")
    pieces = []
    while encoded:
        # No piece ends within a %XX.
        end = min(len(encoded), NAME_PIECE)
        if (last := encoded.rfind("%", end - 2, end)) > 0 and end < len(encoded):
            end = last
        pieces.append(encoded[:end])
        encoded = encoded[end:]
    if len(pieces) == 1:
        return f"\r\n filename*={pieces[0]}".encode()
    return ";".join(
        f"\r\n filename*{number}*={piece}" for number, piece in enumerate(pieces)
    ).encode()


def alternative(parts: tuple[bytes, ...], message_id: str) -> bytes:
    """Join wordings of the same, plainest first."""
    return _multipart(b"alternative", parts, message_id)


def mixed(parts: tuple[bytes, ...], message_id: str) -> bytes:
    """Join a letter and what is attached to it."""
    return _multipart(b"mixed", parts, "mixed " + message_id)


def _multipart(subtype: bytes, parts: tuple[bytes, ...], seed: str) -> bytes:
    """Join parts; the boundary follows from the Message-ID."""
    # "=_" can stand in neither quoted-printable nor base64 (RFC 2045 section 6.7).
    mark = b"=_" + hashlib.sha256(seed.encode()).hexdigest()[:32].encode()
    body = b"".join(b"\r\n--%b\r\n%b" % (mark, part) for part in parts)
    return b'Content-Type: multipart/%b; boundary="%b"\r\n%b\r\n--%b--\r\n' % (
        subtype,
        mark,
        body,
        mark,
    )


def _folded(value: str) -> bytes:
    lines, line = [], ""
    for word in value.split(" "):
        if line and len(line) + 1 + len(word) > LINE:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line]).encode()


def _encoded(value: str) -> bytes:
    """Write encoded words; none splits a character."""
    words, octets = [], b""
    for character in value:
        more = character.encode()
        if len(octets) + len(more) > ENCODED_WORD_OCTETS:
            words.append(octets)
            octets = b""
        octets += more
    return b"\r\n ".join(
        b"=?utf-8?b?%b?=" % base64.b64encode(word) for word in [*words, octets]
    )
