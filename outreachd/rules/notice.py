"""What a mail that came back is, and what it says: the one entry to all its rules.

``understand`` reads octets and never raises; what nobody can read is *other*. Asked in
this order: complaint, bounce, report for statistics, automatic answer, opt-out, answer
of a person. Only a failed recipient of a hard class, a complaint and an opt-out may
suppress anybody, and nothing here does it: whether the notice is about a letter of
ours, only its names can tell (``notice_match``). ``now`` is told, aware. Sources: RFC
3464, 3834, 5965, 8098.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from msgspec import Struct

from outreachd.rules import arf, dsn, dsn_json, dsn_text
from outreachd.rules.answer import own_words
from outreachd.rules.autoreply import Automatic, automatic
from outreachd.rules.autoreply_dates import return_date
from outreachd.rules.autoreply_words import LEFT
from outreachd.rules.dsn_marks import is_about_delivery, is_forward, is_mail_system
from outreachd.rules.leave_words import ALONE, asks_to_leave
from outreachd.rules.notice_mail import Mail, open_mail
from outreachd.rules.notice_match import Names, names
from outreachd.rules.reply_told import judge_told

MAX_UNASKED = 600  # characters of a first mail that may be an opt-out


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
    original: str | None = None  # whom we wrote to, if that is told and another
    status: str | None = None
    reason: str
    action: str = (
        ""  # failed, delayed, delivered, relayed, expanded; or a report's type
    )
    text: str = ""

    @property
    def suppresses(self) -> bool:
        """Whether nobody may write to them again, if the match is proven."""
        if self.reason.startswith("hard_"):
            return self.action == dsn.FAILED
        return self.reason in {"complaint", "unsubscribe"}


class Notice(Struct, frozen=True, kw_only=True):
    """A mail that came back, understood; ``detail`` is its kind within the kind."""

    kind: NoticeKind
    detail: str = ""
    about: tuple[About, ...] = ()
    original_message_id: str | None = None  # as the notice tells it: not proven
    return_date: date | None = None
    answer: str = ""  # a person's own words
    names: Names


def understand(raw: bytes, *, now: datetime) -> Notice:
    """Read a mail that came back."""
    mail = open_mail(raw)
    if feedback := arf.feedback_type(mail):
        return _notice(mail, NoticeKind.ARF, feedback, (_complaint(mail, feedback),))
    if arf.is_dmarc_report(mail):
        return _notice(mail, NoticeKind.OTHER, "dmarc_report")
    if is_about_delivery(mail):
        about = _bounced(mail)
        actions = {one.action for one in about}
        detail = actions.pop() if len(actions) == 1 else dsn.FAILED
        return _notice(mail, NoticeKind.DSN, detail, about)
    return _answered(mail, now)


def _complaint(mail: Mail, feedback: str) -> About:
    reasons = {arf.NOT_SPAM: "not_spam", arf.AUTH_FAILURE: "auth_dmarc"}
    return About(
        recipient=arf.recipient(mail),
        reason=reasons.get(feedback, "complaint"),
        action=feedback,
    )


def _bounced(mail: Mail) -> tuple[About, ...]:
    told = dsn_json.told(mail) or dsn.told(mail) or dsn_text.told(mail)
    told = told or [dsn_text.told_of_nobody(mail)]
    words = dsn_text.words_about(mail, [one.recipient for one in told])
    # Of several recipients each has words of its own: another's would condemn it.
    said = dsn_text.said_and_returned(mail.text)[0] if len(told) == 1 else ""
    return tuple(
        About(
            recipient=one.recipient,
            original=one.original,
            status=one.status,
            reason=judge_told(
                one.action,
                one.status,
                one.diagnostic or words.get(one.recipient, ""),
                said,
            ),
            action=one.action,
            text=" ".join(one.diagnostic.split())[:512],
        )
        for one in told
    )


def _answered(mail: Mail, now: datetime) -> Notice:
    """Tell an automatic answer from an opt-out, and both from a person's answer."""
    answer = own_words(mail.text)
    subject = mail.headers.get("subject")
    if sort := automatic(mail, answer):
        if is_mail_system(mail):
            return _notice(mail, NoticeKind.OTHER, "mail_system")
        who = _writer(mail, "autoreply")
        back = None
        if sort is Automatic.OUT_OF_OFFICE:
            words = f"{_unprefixed(subject)}\n{answer}"
            back = return_date(words, written=_written(mail, now))
        return _notice(mail, NoticeKind.AUTOREPLY, sort, who, return_date=back)
    # Who passes a mail on with words of their own answers us.
    is_reply = bool(answer) if is_forward(mail) else _is_reply(mail)
    if _wants_out(subject, answer, is_reply=is_reply):
        who = _writer(mail, "unsubscribe")
        return _notice(mail, NoticeKind.UNSUBSCRIBE, "", who, answer=answer)
    if is_reply:
        left = Automatic.LEFT_COMPANY if LEFT.search(answer.lower()) else ""
        return _notice(mail, NoticeKind.REPLY, left, answer=answer)
    detail = "forward" if is_forward(mail) else ""
    return _notice(mail, NoticeKind.OTHER, detail, answer=answer)


def _wants_out(subject: str, answer: str, *, is_reply: bool) -> bool:
    """Read an opt-out in the answer, or in a mail that is nothing else."""
    if is_reply:
        return asks_to_leave(answer)
    alone = bool(ALONE.fullmatch(subject.lower())) or bool(_TOKEN.fullmatch(subject))
    return len(answer) <= MAX_UNASKED and (alone or asks_to_leave(answer))


_TOKEN = re.compile(r"[A-Za-z0-9_-]{35}")
_REPLY = re.compile(
    r"^\s*(re|aw|antw|antwort|sv|vs|ré|rif|odp|отв|відп|на|ha|rép|r|res|回复|回覆|答复|"
    r"ynt|vá|blls|答)\s*(\[\d+\]|\(\d+\))?\s*[:\uff1a]",
    re.IGNORECASE,
)


def _is_reply(mail: Mail) -> bool:
    headers = mail.headers
    return bool(
        headers.get("in-reply-to")
        or headers.get("references")
        or _REPLY.match(headers.get("subject"))
    )


def _unprefixed(subject: str) -> str:
    return subject.rpartition(":")[0]  # what follows is the subject of our own letter


def _writer(mail: Mail, reason: str) -> tuple[About, ...]:
    writer = dsn.address(mail.headers.get("from"))
    return (About(recipient=writer, reason=reason),)


def _written(mail: Mail, now: datetime) -> date:
    """Tell the day a mail was written: its own, unless that lies in the future."""
    try:
        written = parsedate_to_datetime(mail.headers.get("date")).date()
    except (ValueError, TypeError, OverflowError, IndexError):
        return now.date()
    return written if written <= now.date() + timedelta(days=1) else now.date()


def _notice(
    mail: Mail,
    kind: NoticeKind,
    detail: str,
    about: tuple[About, ...] = (),
    *,
    return_date: date | None = None,
    answer: str = "",
) -> Notice:
    shown = names(mail, (who for one in about for who in (one.recipient, one.original)))
    ids = shown.returned_ids + shown.thread_ids
    return Notice(
        kind=kind,
        detail=detail,
        about=about,
        original_message_id=ids[0] if ids else None,
        return_date=return_date,
        answer=answer,
        names=shown,
    )
