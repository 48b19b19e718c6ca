"""Delivery status notifications by the book: the fields of RFC 3464, per recipient.

Read from every part of a delivery-status type, and from a text that holds the same
lines where the MIME around them is broken. The recipient is who failed; whom we wrote
to, where forwarding changed that, is the *original*. Only the action *failed* is a
bounce. Nothing is raised: a field that says nothing is left empty.
Sources: RFC 3464, 3461 (xtext), 6533 (utf-8 addresses).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from outreachd.rules.notice_mail import Mail
from outreachd.rules.notice_text import fit

MAX_RECIPIENTS = 100  # of one notice; a person's letter has one
MAX_REPORTS = 8  # parts of one notice
MAX_BLOCKS = 1000  # of one part

FAILED = "failed"
DELAYED = "delayed"
ACTIONS = {
    "failed": FAILED, "failure": FAILED, "fail": FAILED, "delayed": DELAYED,
    "delivered": "delivered", "relayed": "relayed", "expanded": "expanded",
    "deliverable": "delivered", "expired": FAILED,
}  # fmt: skip

_NO = r"\s<>()\[\]{},;:\"'|@\uff1a\uff0c\uff1b\u3001\u3002\u300c\u300d\uff08\uff09"
ADDRESS = (
    rf"(?:\"[^\"\s@]{{1,64}}\"|[^{_NO}=]{{0,63}}[^{_NO}])"
    r"@(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.){1,8}[^\W\d_][\w-]{0,61}[^\W_]"
)
_ADDRESS = re.compile(rf"(?<![^\s<\"'(:,]){ADDRESS}")
_LAX = re.compile(
    r"[^\s<>;,]{1,200}@[^\s<>;,()]{1,200}"
)  # "user@host", "=?utf-8?..?=@.."
_FIELD = re.compile(r"(?m)^[> \t]{0,8}([A-Za-z][A-Za-z-]{3,40})[ \t]*:[ \t]*(.*)$")
_FOLD = re.compile(r"\n[ \t]+(?=\S)")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_TYPE = re.compile(r"^\s*[\w -]{1,20};\s*")


class Told(Struct, frozen=True, kw_only=True):
    """What a notice tells of one recipient, before it is judged."""

    recipient: str | None
    original: str | None = None  # whom we wrote to, if that is told and another
    action: str = FAILED
    status: str | None = None
    diagnostic: str = ""  # the words of the server that refused, if they are given


def is_report(mail: Mail) -> bool:
    """Tell whether the mail holds a delivery-status part of its own."""
    return any("delivery-status" in part.type for part in mail.parts)


def envelope_id(mail: Mail) -> str | None:
    """Tell the ENVID we gave when the letter left, if the notice returns it."""
    for block in _blocks(mail):
        for value in block.get("original-envelope-id", ()):
            return _without_xtext(value.strip())
    return None


def told(mail: Mail) -> list[Told]:
    """List what each recipient's fields tell; empty if there are none."""
    found: dict[str | None, Told] = {}
    for block in _blocks(mail):
        if (one := _told(block)) and one.recipient not in found:
            found[one.recipient] = one
        if len(found) == MAX_RECIPIENTS:
            break
    return list(found.values())


def _blocks(mail: Mail) -> Iterator[dict[str, list[str]]]:
    reports = [part for part in mail.parts if "delivery-status" in part.type]
    for part in reports[:MAX_REPORTS]:
        yield from islice(blocks(part.text()), MAX_BLOCKS)


def blocks(text: str) -> Iterator[dict[str, list[str]]]:
    """Divide a text into groups of fields, each with its values in order."""
    for block in re.split(r"\n[ \t]*\n", _FOLD.sub(" ", text)):
        fields: dict[str, list[str]] = {}
        for found in _FIELD.finditer(block):
            fields.setdefault(found[1].lower(), []).append(found[2].strip())
        if fields:
            yield fields


def _told(block: dict[str, list[str]]) -> Told | None:
    names = ("final-recipient", "original-recipient", "x-actual-recipient")
    written = [value for name in names for value in block.get(name, ())]
    if not written:
        return None
    addresses = [one for value in written if (one := address(value))]
    addresses.sort(key=_is_internal)  # stable: among equals the final one is first
    first = addresses[0] if addresses else None
    originals = [address(value) for value in block.get("original-recipient", ())]
    original = next((one for one in originals if one and one != first), None)
    action = block.get("action", [""])[0].lower().split(" ")[0].strip("()")
    diagnostic = " ".join(block.get("diagnostic-code", ()))
    status = _STATUS.search(block.get("status", [""])[0])
    return Told(
        recipient=first,
        original=original,
        action=ACTIONS.get(action, _by_status(status[1] if status else "5")),
        status=status[1] if status else None,
        diagnostic=_TYPE.sub("", diagnostic),
    )


def _is_internal(one: str) -> bool:
    """Tell an address that only the mail system itself understands."""
    return one.startswith("@") or "daemon" in one.rpartition("@")[2]


def _by_status(status: str) -> str:
    return {"2": "delivered", "4": DELAYED}.get(status[0], FAILED)


def address(value: str) -> str | None:
    """Find the address in a field's value: behind its type, unwrapped, xtext undone."""
    value = _TYPE.sub("", value)
    if "+" in value and "@" not in value:
        value = _without_xtext(value)
    found = _ADDRESS.search(value) or _LAX.search(value)
    return found[0].strip("<>") if found else None


def _without_xtext(value: str) -> str:
    return fit(_XTEXT.sub(lambda found: chr(int(found[1], 16)), value))
