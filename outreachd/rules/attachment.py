"""What may be attached to a letter: documents and pictures, never what can run.

A file is judged by its name and by its first octets, and they must agree: a program
called offer.pdf is refused, and so are documents that carry macros or scripts.
Octets. Errors: BadAttachmentError, a sentence for people.
Sources: the signatures of the PDF, PNG, JPEG, GIF, WebP and ZIP formats; ECMA-376 (a
macro is the part vbaProject.bin); RFC 2231 for the file's name in a letter (mime).
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from outreachd.rules.model import Attachment

MAX_FILE = 5 << 20
MAX_TOGETHER = 7 << 20  # 9.6 MB in base64: many servers end at 10
MAX_FILES = 10  # in one letter
MAX_NAME = 120  # characters
MAX_MEMBERS = 5_000  # files within a document that is a ZIP

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."


@dataclass(frozen=True, slots=True)
class _Type:
    mime: str
    start: bytes = b""  # of the content
    has: str = ""  # a member that its ZIP must have


TYPES = {
    "pdf": _Type("application/pdf", b"%PDF-"),
    "png": _Type("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": _Type("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": _Type("image/jpeg", b"\xff\xd8\xff"),
    "gif": _Type("image/gif", b"GIF8"),
    "webp": _Type("image/webp", b"RIFF"),
    "docx": _Type(f"{_OFFICE}wordprocessingml.document", has="word/"),
    "xlsx": _Type(f"{_OFFICE}spreadsheetml.sheet", has="xl/"),
    "pptx": _Type(f"{_OFFICE}presentationml.presentation", has="ppt/"),
    "odt": _Type(f"{_OPEN}text", has="content.xml"),
    "ods": _Type(f"{_OPEN}spreadsheet", has="content.xml"),
    "odp": _Type(f"{_OPEN}presentation", has="content.xml"),
    "txt": _Type("text/plain"),
    "csv": _Type("text/csv"),
    "ics": _Type("text/calendar", b"BEGIN:VCALENDAR"),
    "vcf": _Type("text/vcard", b"BEGIN:VCARD"),
}
_MACROS = frozenset({"docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppsm"})
_PROGRAMS = frozenset(
    {"exe", "com", "scr", "pif", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf"}
    | {"wsh", "hta", "msi", "msp", "jar", "class", "lnk", "url", "cpl", "dll", "sys"}
    | {"reg", "inf", "app", "apk", "dmg", "iso", "img", "vhd", "sh", "py", "chm", "xll"}
)
# What begins like this can run, whatever it is called.
_RUNS = {
    b"MZ": "a Windows program",
    b"\x7fELF": "a Linux program",
    b"\xca\xfe\xba\xbe": "a Java or macOS program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"\xce\xfa\xed\xfe": "a macOS program",
    b"#!": "a script",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": (
        "an old Office file, which can hide macros: save it in the new format"
    ),
    b"L\x00\x00\x00\x01\x14\x02\x00": "a Windows shortcut",
}
_TEXTS = frozenset({"txt", "csv", "ics", "vcf"})
# Turns or hides a part of the name: gpj.exe would read exe.jpg.
_TRICKS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_PDF_RUNS = re.compile(rb"/(?:JavaScript|JS|Launch)\b")


class BadAttachmentError(ValueError):
    """Such a file must not be attached; the message says what and why."""


def attachment(name: str, content: bytes) -> Attachment:
    """Judge a file and describe it, or raise BadAttachmentError."""
    kind = _kind(name)
    if not content:
        raise BadAttachmentError(f'"{name}" is empty')
    if len(content) > MAX_FILE:
        raise BadAttachmentError(
            f'"{name}" is {size(len(content))}, more than {size(MAX_FILE)}: put it on'
            " a web page and link to it"
        )
    for start, what in _RUNS.items():
        if content.startswith(start):
            raise BadAttachmentError(f'"{name}" is {what}')
    if fault := _fault(kind, content):
        raise BadAttachmentError(f'"{name}" {fault}')
    digest = hashlib.sha256(content).digest()
    return Attachment(
        name=name, content_type=TYPES[kind].mime, sha256=digest, size=len(content)
    )


def check_together(attachments: Sequence[Attachment]) -> None:
    """Judge what is attached to one letter as a whole."""
    names = [one.name.lower() for one in attachments]
    if len(names) > MAX_FILES:
        raise BadAttachmentError(f"a letter takes at most {MAX_FILES} files")
    for name in names:
        if names.count(name) > 1:
            raise BadAttachmentError(f'"{name}" is attached twice')
    total = sum(one.size for one in attachments)
    if total > MAX_TOGETHER:
        raise BadAttachmentError(
            f"together they are {size(total)}, more than {size(MAX_TOGETHER)}"
        )


def size(octets: int) -> str:
    """Say a size as people do."""
    return f"{octets / (1 << 20):.1f} MB" if octets >= 1 << 20 else f"{octets} octets"


def _kind(name: str) -> str:
    """Tell the kind a name claims."""
    if _TRICKS.search(name):
        raise BadAttachmentError("a file name contains a character that cannot be seen")
    if "/" in name or "\\" in name:
        raise BadAttachmentError(f'"{name}" must be a name without / and \\')
    if not name or len(name) > MAX_NAME or name != name.strip(" ."):
        raise BadAttachmentError(
            f"a file name has 1 to {MAX_NAME} characters and no blank or dot at its end"
        )
    parts = name.lower().split(".")
    for part in parts[1:]:
        if part in _PROGRAMS:
            raise BadAttachmentError(f'"{name}" would be a program (.{part})')
        if part in _MACROS:
            raise BadAttachmentError(
                f'"{name}" can carry macros (.{part}): save it without them'
            )
    if len(parts) < 2 or parts[-1] not in TYPES:
        allowed = ", ".join(TYPES)
        raise BadAttachmentError(
            f'"{name}" is of a kind not allowed; allowed: {allowed}'
        )
    return parts[-1]


def _fault(kind: str, content: bytes) -> str:
    """Find where a content does not fit its kind."""
    known = TYPES[kind]
    if not content.startswith(known.start):
        return f"does not begin as a .{kind} does: its name or its content is wrong"
    if known.has:
        return _zip_fault(kind, known.has, content)
    if kind == "webp" and content[8:12] != b"WEBP":
        return "does not begin as a .webp does: its name or its content is wrong"
    if kind == "pdf" and _PDF_RUNS.search(content):
        return "is a PDF that carries a script: save it without"
    if kind in _TEXTS:
        try:
            if "\0" in content.decode():
                return f"is no text, as a .{kind} must be"
        except UnicodeDecodeError:
            return f"must be UTF-8 text, as a .{kind} is"
    return ""


def _zip_fault(kind: str, member: str, content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as document:
            names = document.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return f"cannot be opened as a .{kind}"
    if len(names) > MAX_MEMBERS:
        return f"has more than {MAX_MEMBERS} parts"
    if not any(name.startswith(member) for name in names):
        return f"is no .{kind}: it lacks {member}"
    for name in map(str.lower, names):
        part = name.rsplit("/", 1)[-1]
        if part.startswith("vbaproject") or name.startswith(("basic/", "scripts/")):
            return "carries macros: save it without them"
        if part.rsplit(".", 1)[-1] in _PROGRAMS:
            return f"carries a program ({part})"
    return ""
