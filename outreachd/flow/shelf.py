"""The shelf: what few letters need and the database keeps: files, one-off letters.

Read before such a letter is written, and kept until newer ones need the room; a file is
encoded once for all its letters. A letter with neither never comes here. Octets.
Errors: LedgerAwayError while the database cannot be reached.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from outreachd.flow.ports import Contents
from outreachd.rules import mime
from outreachd.rules.model import Attachment
from outreachd.rules.records import OneOff

MAX_OCTETS = 64 << 20  # of encoded files
MAX_ONE_OFFS = 1_000
# Letters with files that are under way at once: each is a copy of up to 10 MB.
AT_ONCE = 4


class Shelf:
    """Files and one-off letters that were read."""

    def __init__(self, contents: Contents, *, max_octets: int = MAX_OCTETS) -> None:
        self._contents = contents
        self._max_octets = max_octets
        self._octets = 0
        self._parts: OrderedDict[Attachment, bytes] = OrderedDict()
        self._one_offs: OrderedDict[int, OneOff] = OrderedDict()
        self.room = asyncio.Semaphore(AT_ONCE)

    def one_off(self, id: int) -> OneOff | None:
        """Give a one-off letter that was fetched; None = the database has none."""
        return self._one_offs.get(id)

    def parts(self, attachments: Sequence[Attachment]) -> tuple[bytes, ...] | None:
        """Give files that were fetched, as parts; None = the database lacks one."""
        found = [self._parts.get(attachment) for attachment in attachments]
        return None if None in found else tuple(part for part in found if part)

    async def fetch_one_off(self, id: int) -> OneOff | None:
        """Read a one-off letter, if it is not here."""
        if id not in self._one_offs and (letter := await self._contents.one_off(id)):
            self._one_offs[id] = letter
            if len(self._one_offs) > MAX_ONE_OFFS:
                self._one_offs.popitem(last=False)
        return self._one_offs.get(id)

    async def fetch(self, attachments: Sequence[Attachment]) -> None:
        """Read the files that are not here; afterwards all of them are."""
        missing = [one for one in attachments if one not in self._parts]
        if missing:
            contents = await self._contents.attachments([one.sha256 for one in missing])
            for one in missing:
                if one.sha256 in contents and one not in self._parts:
                    self._put(one, contents[one.sha256])
        for one in attachments:
            if one in self._parts:
                self._parts.move_to_end(one)
        self._make_room(len(attachments))

    def _put(self, attachment: Attachment, content: bytes) -> None:
        part = mime.attachment_part(attachment.name, attachment.content_type, content)
        self._parts[attachment] = part
        self._octets += len(part)

    def _make_room(self, needed: int) -> None:
        """Drop what was used longest ago, but nothing of the letter at hand."""
        while self._octets > self._max_octets and len(self._parts) > needed:
            _, part = self._parts.popitem(last=False)
            self._octets -= len(part)
