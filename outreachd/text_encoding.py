"""In which encoding a text file is, found out before any of it is used.

UTF-8, with or without BOM, and UTF-16 and UTF-32 where their bytes show it; any other
only if it is named. A file is read once to its end, so that nothing of it goes in when
its second half turns out to be unreadable. A guess is only ever offered, never used:
cp1251 read as cp1252 is a list of people with nonsense for names.
Errors: ConfigError with the line, what the file seems to be, and a way out.
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import BinaryIO, cast

from outreachd.mistakes import ConfigError, Mistake

UTF8 = "utf-8"
_CHUNK = 1 << 20  # bytes
_START = 4096  # bytes that show what a file is

_BOMS = (  # UTF-32 first: its little-endian BOM begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What is no text at all, by its first bytes.
_OTHERS = (
    (b"PK\x03\x04", "a workbook (.xlsx) or a zip"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "compressed (gzip)"),
)


def check_encoding(
    path: Path, file: BinaryIO, named: str | None = None, *, option: str = ""
) -> str:
    """Read a whole file once and rewind it; tell its encoding, or raise ConfigError.

    ``named``: what somebody says it is. ``option``: how he can say so, such as
    "--encoding", where there is a way.
    """
    start = file.read(_START)
    for magic, what in _OTHERS:
        if start.startswith(magic):
            raise _unusable(
                path,
                1,
                f"is {what}, not a CSV file: save it as CSV UTF-8 in the"
                " program that made it",
            )
    encoding = _known(path, named) if named else _seen(start)
    decoder, line, chunk = codecs.getincrementaldecoder(encoding)(), 1, start
    while True:
        try:
            line += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as error:
            raise _unreadable(path, line, encoding, error, named, option) from None
        if not chunk:
            break
        chunk = file.read(_CHUNK)
    file.seek(0)
    return encoding


def as_utf8(file: BinaryIO, encoding: str) -> BinaryIO:
    """Give a file's text as UTF-8, whatever it is in, a piece at a time."""
    if encoding == UTF8:
        return file
    return cast(BinaryIO, io.BufferedReader(_Recoded(file, encoding)))


class _Recoded(io.RawIOBase):
    """The bytes of a checked file, decoded and encoded again."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._rest = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override] # the least
        """Fill a buffer; 0 at the end."""
        while not self._rest:
            raw = self._file.read(len(buffer))
            text = self._decoder.decode(raw, final=not raw)
            self._rest = text.encode(UTF8, "replace")
            if not raw:
                break
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _seen(start: bytes) -> str:
    """Tell Unicode encodings apart by a BOM, or by where their zeros stand."""
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name
    half = max(len(start) // 2, 1)
    even, odd = start[::2].count(0), start[1::2].count(0)
    if odd > half * 0.4 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.1:
        return "utf-16-be"
    return UTF8


def _known(path: Path, named: str) -> str:
    try:
        found = codecs.lookup(named).name
        "a,b".encode(found).decode(found)  # fails for what is no encoding of text
    except (LookupError, UnicodeError, ValueError, TypeError):
        found = ""
    if not found or found in _NO_ENCODINGS:
        raise ConfigError(
            [Mistake(path, None, f'the encoding "{named[:50]}" is not known: {_SOME}')]
        )
    return UTF8 if found == "utf-8-sig" else found


_SOME = "say utf-8, utf-16, cp1251, cp1252, koi8-r, gb18030 or shift_jis"
# Python lists these among its encodings; no file is in one.
_NO_ENCODINGS = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs"}
)


def _unreadable(
    path: Path,
    line: int,
    encoding: str,
    error: UnicodeDecodeError,
    named: str | None,
    option: str,
) -> ConfigError:
    bad: bytes = error.object
    line += bad[: error.start].decode(encoding, "replace").count("\n")
    if named or encoding != UTF8:
        what = (
            f"is not {named or encoding.upper()}: a part of it cannot be read as that"
        )
        return _unusable(path, line, f"{what}; save it as UTF-8 and try again")
    guess = _guess(bad[max(error.start - 500, 0) : error.start + 500])
    way = f", or add {option} {guess} if that is what it is" if option else ""
    return _unusable(
        path,
        line,
        f"is not UTF-8 (it looks like {guess}): save it as UTF-8 and try again{way}",
    )


def _unusable(path: Path, line: int, message: str) -> ConfigError:
    return ConfigError([Mistake(path, line, message)])


def _guess(sample: bytes) -> str:
    """Name the code page that makes most sense of the bytes."""
    foreign = bytes(b for b in sample if b >= 0x80)
    found = max(("cp1251", "koi8-r"), key=lambda name: _small_share(foreign, name))
    return found if _small_share(foreign, found) > 0.5 else "cp1252"


def _small_share(foreign: bytes, encoding: str) -> float:
    """Tell the share of small Cyrillic letters: names and towns are mostly these."""
    text = foreign.decode(encoding, "replace")
    small = sum("\u0430" <= c <= "\u044f" for c in text)
    return small / len(text) if len(text) > 2 else 0.0
