"""The wordings and attachments of a step: read, included, checked, made ready.

Everything is read here, when a fleet is applied, and goes into the database whole: a
daemon reads no file. A fault is told with the key it stands under and its line, also
where that line is in a file that is included.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from outreachd.fleet.campaign_tables import StepTable, WordingTable
from outreachd.fleet.files import read_attachment, read_beside, read_wording
from outreachd.rules.attachment import BadAttachmentError, attachment, check_together
from outreachd.rules.model import Attachment
from outreachd.rules.template_include import Expanded, IncludeError, expand
from outreachd.rules.wording import Wording, prepared

Place = tuple[str | int, ...]
AddFault = Callable[[Place, str], None]  # of a key below the step


def read_words(
    table: WordingTable, folder: Path, place: Place, fault: AddFault
) -> Wording:
    """Read the parts of a wording and make them ready."""
    read: dict[str, Expanded | None] = {}
    is_read = True
    for part in ("text", "html"):
        try:
            source = _source(part, table, folder)
            read[part] = (
                None
                if source is None
                else expand(source, partial(read_beside, folder=folder))
            )
        except ValueError as error:
            key = _key(part, table)
            where = f"{key}: " if isinstance(error, IncludeError) else ""
            fault((*place, key), f"{where}{error}")
            is_read = False
    if not is_read:  # not None: it is there, if not as it should be
        return Wording(table.subject, "", None)
    text, html = read["text"], read["html"]
    wording = Wording(
        table.subject, text.text if text else None, html.text if html else None
    )
    ready = prepared(wording)
    if isinstance(ready, Wording):
        return ready
    for found in ready:
        key = _key(found.part, table)
        file, line = "", found.problem.line
        if (expanded := read.get(found.part)) is not None:
            file, line = expanded.place(line)
        where = f'"{file}", line {line}' if file else f"line {line}"
        fault((*place, key), f"{key}, {where}: {found.problem.sentence}")
    return Wording(table.subject, wording.text or "", wording.html)


def read_attachments(
    table: StepTable, folder: Path, fault: AddFault
) -> tuple[tuple[Attachment, ...], tuple[bytes, ...]]:
    """Read and judge what is attached to a step: descriptions, and contents."""
    found: list[Attachment] = []
    contents: list[bytes] = []
    for index, source in enumerate(table.attachments):
        try:
            content = read_attachment(source, folder)
            found.append(attachment(Path(source).name, content))
            contents.append(content)
        except ValueError as error:
            fault(("attachments", index), str(error))
    try:
        check_together(found)
    except BadAttachmentError as error:
        fault(("attachments",), str(error))
    return tuple(found), tuple(contents)


def _source(part: str, table: WordingTable, folder: Path) -> str | None:
    """Read a part of a letter, from the table or from its file."""
    inline, file = getattr(table, part), getattr(table, f"{part}_file")
    if inline is not None and file is not None:
        raise ValueError(f"write {part} or {part}_file, not both")
    return inline if file is None else read_wording(file, folder)


def _key(part: str, table: WordingTable) -> str:
    """Tell under which key a part was written."""
    is_file = getattr(table, f"{part}_file", None) is not None
    return f"{part}_file" if is_file else part
