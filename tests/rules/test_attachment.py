"""The laws of attachments: documents go, what can run or lies about itself does not."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.attachment import (
    MAX_FILE,
    MAX_FILES,
    TYPES,
    BadAttachmentError,
    attachment,
    check_together,
)


def archive(*names: str) -> bytes:
    """Make a ZIP with members of these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return file.getvalue()


PDF = b"%PDF-1.7\n1 0 obj"
WELL = {
    "offer.pdf": PDF,
    "Über uns, 2026.pdf": PDF,
    "OFFER.PDF": PDF,
    "a.b.c.pdf": PDF,
    "x.png": b"\x89PNG\r\n\x1a\n...",
    "x.jpg": b"\xff\xd8\xff\xe0",
    "x.jpeg": b"\xff\xd8\xff\xe0",
    "x.gif": b"GIF89a",
    "x.webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "x.docx": archive("[Content_Types].xml", "word/document.xml"),
    "x.xlsx": archive("[Content_Types].xml", "xl/workbook.xml"),
    "x.pptx": archive("[Content_Types].xml", "ppt/presentation.xml"),
    "x.odt": archive("mimetype", "content.xml"),
    "x.ods": archive("mimetype", "content.xml"),
    "x.odp": archive("mimetype", "content.xml"),
    "x.txt": "Grüße".encode(),
    "x.csv": b"a;b\n1;2\n",
    "x.ics": b"BEGIN:VCALENDAR\r\n",
    "x.vcf": b"BEGIN:VCARD\r\n",
}


@pytest.mark.parametrize("name", WELL)
def test_documents_and_pictures_may_go(name: str) -> None:
    """Each is described by name, type, digest and size."""
    made = attachment(name, WELL[name])
    assert made.name == name
    assert made.content_type == TYPES[name.rsplit(".", 1)[1].lower()].mime
    assert made.sha256 == hashlib.sha256(WELL[name]).digest()
    assert made.size == len(WELL[name])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("offer.exe", b"MZ", "would be a program"),
        ("offer.pdf.exe", PDF, "would be a program"),
        ("offer.exe.pdf", PDF, "would be a program"),
        ("offer.js", b"x", "would be a program"),
        ("offer.html", b"<p>", "of a kind not allowed"),
        ("offer.svg", b"<svg>", "of a kind not allowed"),
        ("offer.zip", archive("a"), "of a kind not allowed"),
        ("offer", PDF, "of a kind not allowed"),
        ("offer.docm", archive("word/x"), "can carry macros"),
        ("offer.xlsm.xlsx", archive("xl/x"), "can carry macros"),
        ("offer.docx", archive("word/document.xml", "word/vbaProject.bin"), "macros"),
        ("offer.xlsx", archive("xl/a.xml", "xl/VBAPROJECT.BIN"), "macros"),
        ("offer.odt", archive("content.xml", "Basic/Standard/a.xml"), "macros"),
        ("offer.docx", archive("word/a.xml", "word/embeddings/run.exe"), "a program"),
        ("offer.docx", archive("xl/workbook.xml"), "lacks word/"),
        ("offer.docx", b"PK\x03\x04 broken", "cannot be opened"),
        ("offer.docx", PDF, "cannot be opened"),
        ("offer.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "of a kind not allowed"),
        ("offer.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "can hide macros"),
        ("offer.pdf", b"MZ\x90\0", "a Windows program"),
        ("offer.png", b"\x7fELF", "a Linux program"),
        ("offer.txt", b"#!/bin/sh", "a script"),
        ("offer.pdf", b"<html>", "does not begin as a .pdf"),
        ("offer.pdf", PDF + b"/JavaScript (app.alert)", "carries a script"),
        ("offer.pdf", PDF + b"/OpenAction /JS ", "carries a script"),
        ("offer.webp", b"RIFF\0\0\0\0WAVE", "does not begin as a .webp"),
        ("offer.txt", b"\xff\xfe", "must be UTF-8"),
        ("offer.csv", b"a\0b", "is no text"),
        ("offer.ics", b"hello", "does not begin as a .ics"),
        ("offer.pdf", b"", "is empty"),
        ("offer.pdf", PDF + bytes(MAX_FILE), "more than 5.0 MB"),
        ("../offer.pdf", PDF, "without / and"),
        ("a\\offer.pdf", PDF, "without / and"),
        ("offer\u202efdp.exe", PDF, "cannot be seen"),
        ("offer\u200b.pdf", PDF, "cannot be seen"),
        ("offer\r\nBcc: x.pdf", PDF, "cannot be seen"),
        ("offer.pdf ", PDF, "no blank or dot at its end"),
        ("offer.pdf.", PDF, "no blank or dot at its end"),
        ("", PDF, "1 to 120 characters"),
        ("x" * 200 + ".pdf", PDF, "1 to 120 characters"),
    ],
)
def test_what_can_run_or_lies_is_refused_in_a_sentence(
    name: str, content: bytes, words: str
) -> None:
    """By name and by content, and both must agree."""
    with pytest.raises(BadAttachmentError, match=words):
        attachment(name, content)


@given(st.text(max_size=20), st.binary(max_size=200), st.sampled_from(sorted(TYPES)))
def test_any_file_ends_in_a_description_or_a_sentence(
    stem: str, content: bytes, kind: str
) -> None:
    """Nothing but BadAttachmentError comes."""
    try:
        made = attachment(f"{stem}.{kind}", TYPES[kind].start + content)
    except BadAttachmentError:
        return
    assert made.content_type == TYPES[kind].mime


def test_a_letter_takes_so_many_and_so_much() -> None:
    """Each file may be well and all of them too much."""
    files = [attachment(f"{n}.pdf", PDF) for n in range(MAX_FILES)]
    check_together(files)
    with pytest.raises(BadAttachmentError, match="at most 10"):
        check_together([*files, attachment("more.pdf", PDF)])
    with pytest.raises(BadAttachmentError, match="twice"):
        check_together([files[0], attachment("0.PDF", PDF)])
    big = [attachment(f"{n}.pdf", PDF + bytes(4 << 20)) for n in range(2)]
    with pytest.raises(BadAttachmentError, match=r"together they are 8\.0 MB"):
        check_together(big)
