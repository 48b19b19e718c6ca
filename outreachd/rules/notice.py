"""What a mail that came back is, and what it says: the one entry to all its rules.

``understand`` reads octets and never raises; what nobody can read is *other*. Asked in
this order: complaint, bounce, read receipt, automatic answer, opt-out, answer of a
person. Only a failed recipient of a hard class, a complaint and an opt-out suppress
anybody, and nothing here does it: whether the notice is about a letter of ours, only
its identifiers can tell (``notice_match``). Instants are aware; ``now`` is told.
Sources: RFC 3464, 3834, 5965, 8098.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from outreachd.rules import arf, dsn, dsn_text
from outreachd.rules.dsn import DELAYED, FAILED, Told
from outreachd.rules.dsn_words import DAEMON, FORWARDED, SAID, SUBJECT
from outreachd.rules.notice_mail import Mail, open_mail
from outreachd.rules.reply import judge_told


class NoticeKind(StrEnum):
    """What came back."""

    DSN = "dsn"
    ARF = "arf"
    AUTOREPLY = "autoreply"
    REPLY = "reply"
    UNSUBSCRIBE = "unsubscribe"
    OTHER = "other"


class About(Struct, frozen=True, kw_only=True):
    """One recipient a notice is about, and why; ``reason`` is a word of rules/reply."""

    recipient: str | None
    status: str | None
    reason: str
    action: str
    text: str


class Notice(Struct, frozen=True, kw_only=True):
    """A mail that came back, understood."""

    kind: NoticeKind
    detail: str
    about: tuple[About, ...] = ()
    original_message_id: str | None = None
    return_date: date | None = None


def understand(raw: bytes, *, now: datetime) -> Notice:
    """Read a mail that came back."""
    mail = open_mail(raw)
    if feedback := arf.feedback_type(mail):
        reason = {arf.NOT_SPAM: "none", arf.AUTH_FAILURE: "auth_dmarc"}
        one = About(
            recipient=arf.recipient(mail),
            status=None,
            reason=reason.get(feedback, "complaint"),
            action=feedback,
            text="",
        )
        return Notice(kind=NoticeKind.ARF, detail=feedback, about=(one,))
    if about := _bounced(mail):
        return Notice(kind=NoticeKind.DSN, detail="", about=about)
    return Notice(kind=NoticeKind.OTHER, detail="")


def _bounced(mail: Mail) -> tuple[About, ...] | None:
    if not _is_machine(mail):
        return None
    told = dsn.told(mail) or dsn_text.told(mail) or [Told(recipient=None)]
    said, _ = dsn_text.said_and_returned(mail.text)
    return tuple(
        About(
            recipient=one.recipient,
            status=one.status,
            reason=judge_told(one.action, one.status, one.diagnostic, said),
            action=one.action,
            text=one.diagnostic[:512],
        )
        for one in told
    )


def _is_machine(mail: Mail) -> bool:
    """Tell whether a machine wrote it and says that a letter did not arrive."""
    headers = mail.headers
    subject = headers.get("subject").lower()
    if FORWARDED.match(subject) and mail.type != "multipart/report":
        return False
    who = 2 * bool(DAEMON.search(headers.get("from").lower()))
    who += 2 * (headers.get("return-path") == "<>" or headers.get("from") == "<>")
    who += 2 * ("x-failed-recipients" in headers)
    who += headers.get("return-path").lower().startswith("<mailer-daemon")
    who += 2 * dsn.is_report(mail) + (mail.type == "multipart/report")
    what = 2 * bool(SUBJECT.search(subject)) + 2 * dsn.is_report(mail)
    what += "x-failed-recipients" in headers
    said, _ = dsn_text.said_and_returned(mail.text)
    what += bool(SAID.search(said.lower()))
    return who >= 2 and what >= 1
