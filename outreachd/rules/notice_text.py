"""From octets of a mail to text: charsets, transfer encodings, RFC 2047, HTML.

Whatever comes in, text comes out that can be kept and shown, and nothing is raised: an
unknown charset is read as UTF-8, else as Windows-1252; what does not decode becomes
U+FFFD. Only codecs on a list are used, since some of Python's are no charsets (zip) or
take quadratic time (idna).
Each step is linear in its input, and callers pass no more than they want to pay for.
Sources: RFC 2045, 2047, 2231.
"""

from __future__ import annotations

import binascii
import html
import quopri
import re

_CHARSET = re.compile(
    r"(us-?)?ascii|utf-?(7|8|16(le|be)?)|(iso-?)?8859-?\d{1,2}|latin-?\d|koi8-[rut]|"
    r"(windows|cp|ibm)-?\d{3,4}|ks_c_5601(-1987)?|iso-2022-(jp(-[123]|-ext)?|kr)|"
    r"shift_?jis|x-sjis|euc-(jp|kr)|gb(2312|k|18030)|big5(-hkscs)?|tis-620|hz-gb-2312|"
    r"iso-8859-8-i|mac-?\w{1,9}",
)
_OTHER_NAMES = {
    "iso-8859-8-i": "iso-8859-8", "x-sjis": "shift_jis", "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ansi_x3.4-1968": "ascii",
}  # fmt: skip
_WORD = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?\r\n]*)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(?==\?)")
_SPACES = re.compile(r"[ \t\xa0]+")

_UNSEEN = re.compile(
    r"<(style|script|head|title)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_QUOTE = re.compile(
    # The whole tag is seen before its class is looked for: a tag without an end and
    # with the class a thousand times over would be read as often.
    r"<blockquote\b[^<>]*>|<div(?=[^<>]*>)[^<>]*?\bgmail_quote\b[^<>]*>",
    re.IGNORECASE,
)
_RULE = re.compile(r"<hr\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(
    r"</?(p|div|br|tr|li|ul|ol|table|h\d|pre|blockquote)\b[^<>]*>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>")
# What no database of text keeps or a terminal obeys: C0, DEL, C1, lone surrogates.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n{3,}")


def fit(text: str) -> str:
    """Take out what can be neither kept nor shown; a mail that holds it stays a mail.

    A codec may make it (UTF-7 makes half a character), an encoded word, or an escape.
    """
    if text.isprintable():
        return text
    return _UNFIT.sub("\ufffd", text.replace("\0", ""))


def decoded(octets: bytes, charset: str | None) -> str:
    """Read octets as text in this charset, or as what they most likely are."""
    name = _OTHER_NAMES.get(charset := (charset or "").strip(" \"'").lower(), charset)
    if _CHARSET.fullmatch(name):
        if name in {"us-ascii", "ascii", "usascii"}:
            return _guessed(octets)
        try:
            return octets.decode(name, "replace")
        except (LookupError, ValueError):
            pass
    return _guessed(octets)


def _guessed(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        # Cut in the middle of a character, it is UTF-8 all the same.
        if error.start > len(octets) - 4:
            return octets.decode(errors="replace")
        return octets.decode("cp1252", "replace")


def transferred(octets: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding, as far as it can be undone."""
    match encoding.strip().lower():
        case "base64":
            return _base64(octets)
        case "quoted-printable":
            return quopri.decodestring(octets)
        case "x-uuencode" | "uuencode" | "x-uue":
            return _uu(octets)
        case _:
            return octets


def _base64(octets: bytes) -> bytes:
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
    try:
        # A single left-over character carries less than an octet.
        clean = clean[:-1] if len(clean) % 4 == 1 else clean
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return b""


def _uu(octets: bytes) -> bytes:
    lines = []
    for line in octets.splitlines():
        try:
            lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(lines)


def header_text(raw: str) -> str:
    """Read a header's value: encoded words decoded, white space squeezed.

    ``raw`` holds the octets as surrogate escapes do.
    """
    if not raw.isascii():
        raw = _guessed(raw.encode("utf-8", "surrogateescape"))
    if "=?" in raw:
        raw = _WORD.sub(_word, _BETWEEN.sub(r"\1", raw))
    return _SPACES.sub(" ", fit(raw.replace("\r", " ").replace("\n", " "))).strip()


def _word(found: re.Match[str]) -> str:
    charset, encoding, text = found[1], found[2], found[3]
    octets = text.encode("ascii", "replace")
    if encoding in "bB":
        octets = _base64(octets)
    else:
        octets = quopri.decodestring(octets.replace(b"_", b"=20"))
    return decoded(octets, charset)


def from_html(markup: str) -> str:
    """Leave the words of a page, one block a line, quoted blocks marked with ``>``."""
    text = _COMMENT.sub(" ", _UNSEEN.sub(" ", markup))
    text = _SPACES.sub(" ", text.replace("\r", " ").replace("\n", " "))
    text = _QUOTE.sub("\n> \n", text)
    text = _RULE.sub("\n________\n", text)
    text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()
