"""What follows from a mail that came back: the table of actions, in one place.

``decide`` is told what the mail says (``notice``), which letter it is about and how
sure that is, and says what is to be done to whom. Always holds: nothing but a hard
bounce, a complaint and an opt-out suppresses anybody, and only where a name that
nobody else could know proves the letter, or the person writes to the very mailbox
that wrote to them. An answer of any kind proves that the letter arrived. Pure.
Sources: RFC 3464, 3834, 5965, 8058.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from outreachd.rules import arf, dsn
from outreachd.rules.autoreply import Automatic
from outreachd.rules.model import Kind, Permanence, Scope, State, Verdict
from outreachd.rules.notice import About, Notice, NoticeKind
from outreachd.rules.reply import LATER, SCOPES
from outreachd.rules.shaping import SHAPED, Slow
from outreachd.rules.stops import STOPS, Happening
from outreachd.rules.suppression import COMPLAINT, OPT_OUT

# A bounce that is older says nothing of today; somebody may have kept it to harm.
BOUNCE_AT_MOST = timedelta(days=30)


class Evidence(StrEnum):
    """How sure it is that a mail is about a letter; the schema holds the same words."""

    TOKEN = "token"  # noqa: S105 - the word, not one
    MESSAGE_ID = "message_id"
    WEAK = "weak"  # recipient and time
    NONE = "none"


# What a delivery notice says of a letter that has reached its end. Source: RFC 3464.
ARRIVED = frozenset({"delivered", "relayed"})

# What a bounce can say of who sent it, wherever it was refused; all else is a matter of
# the recipient's server and us.
OF_THE_SENDER = frozenset({"auth_dmarc", "account_suspended", "quota_sender"})

PROOF = frozenset({Evidence.TOKEN, Evidence.MESSAGE_ID})


class Level(StrEnum):
    """How widely a person is not written to any more."""

    EVERYWHERE = "everywhere"
    CLIENT = "client"


class Letter(Struct, frozen=True, kw_only=True):
    """The letter that a mail is about, as the database knows it."""

    send_id: int
    contact_id: int
    enrolment_id: int
    campaign_id: int
    client_id: int
    mailbox_id: int
    domain_id: int
    account_id: int | None
    email: str
    state: State
    attempt_id: str | None
    dated_at: datetime


class Kept(Struct, frozen=True):
    """The row of a mail; ``is_done`` = it was acted on before."""

    id: int
    is_done: bool


class Stop(Struct, frozen=True):
    """A pause of who sent a letter, until a person looks."""

    kind: Kind
    id: int
    reason: str


class Lesson(Struct, frozen=True, kw_only=True):
    """What a mail teaches of who sent the letter and must outlive the daemon."""

    stop: Stop | None = None
    slow: Slow | None = None


class Suppress(Struct, frozen=True):
    """Nobody writes to the person again, there."""

    level: Level
    reason: str


class Deed(Struct, frozen=True, kw_only=True):
    """What is to be done; ``word`` tells people and metrics."""

    word: str
    about: About | None = None  # which of several recipients is ours
    happening: Happening | None = None
    until: datetime | None = None  # back from then on
    suppress: Suppress | None = None
    ends_sequence: bool = False  # of this letter's enrolment only
    has_arrived: bool = False  # settles a letter that nobody answered for
    verdict: Verdict | None = None  # of the sender's side
    slows: str = ""  # what the receiver said of this sender, if it shapes

    @property
    def ends_all(self) -> bool:
        """Whether nothing follows the letter any more."""
        if self.happening is None:
            return self.ends_sequence
        return STOPS[self.happening].person


UNMATCHED = Deed(word="unmatched")
UNPROVEN = Deed(word="unproven")
NOTED = Deed(word="noted")


def decide(
    notice: Notice, letter: Letter | None, evidence: Evidence, *, now: datetime
) -> Deed:
    """Say what follows from a mail."""
    if letter is None or evidence is Evidence.NONE:
        return UNMATCHED
    match notice.kind:
        case NoticeKind.DSN:
            return _bounce(notice, letter, evidence, now)
        case NoticeKind.ARF:
            return _report(notice, evidence)
        case NoticeKind.AUTOREPLY:
            return _automatic(notice)
        case NoticeKind.REPLY:
            return _answer(notice)
        case NoticeKind.UNSUBSCRIBE:
            return Deed(
                word="opted_out",
                happening=Happening.OPTED_OUT,
                suppress=Suppress(Level.CLIENT, OPT_OUT),
                has_arrived=True,
            )
        case NoticeKind.OTHER:
            return NOTED
        case _:
            assert_never(notice.kind)


def _bounce(notice: Notice, letter: Letter, evidence: Evidence, now: datetime) -> Deed:
    about = about_letter(notice, letter)
    if about is None:
        return Deed(word="other_recipient")
    if about.action != dsn.FAILED:
        has_arrived = about.action in ARRIVED and evidence in PROOF
        return Deed(word=about.action or "noted", about=about, has_arrived=has_arrived)
    if evidence not in PROOF:
        return Deed(word=UNPROVEN.word, about=about)
    if now - letter.dated_at > BOUNCE_AT_MOST:
        return Deed(word="too_old", about=about)
    # A server has taken it before it, or the one behind it, found that it cannot go on.
    failed = Deed(
        word="failed",
        about=about,
        ends_sequence=True,
        has_arrived=True,
        verdict=_verdict(about.reason) if about.reason in OF_THE_SENDER else None,
        slows=about.reason if about.reason in SHAPED else "",
    )
    if not about.suppresses or not _names(about, letter):
        return failed
    return Deed(
        word="suppressed",
        about=about,
        happening=Happening.BOUNCED,
        suppress=Suppress(Level.EVERYWHERE, about.reason),
        has_arrived=True,
    )


def about_letter(notice: Notice, letter: Letter) -> About | None:
    """Find what a notice says of our recipient: by name, else if it speaks of one."""
    named = [one for one in notice.about if _names(one, letter)]
    if named:
        return named[0]
    # Forwarded, or written out of the notice by who sent it.
    return notice.about[0] if len(notice.about) == 1 else None


def _names(about: About, letter: Letter) -> bool:
    people = {one.lower() for one in (about.recipient, about.original) if one}
    return not people or letter.email.lower() in people


def _verdict(reason: str) -> Verdict:
    later = reason in LATER
    permanence = Permanence.TEMPORARY if later else Permanence.PERMANENT
    return Verdict(SCOPES.get(reason, Scope.MESSAGE), permanence, reason)


def _report(notice: Notice, evidence: Evidence) -> Deed:
    if notice.detail == arf.NOT_SPAM:
        return NOTED
    if evidence not in PROOF:
        return UNPROVEN
    if notice.detail == arf.AUTH_FAILURE:
        return Deed(word="failed_auth", verdict=_verdict("auth_dmarc"))
    return Deed(
        word="complained",
        about=notice.about[0] if notice.about else None,
        happening=Happening.COMPLAINED,
        suppress=Suppress(Level.CLIENT, COMPLAINT),
        has_arrived=True,
    )


def _automatic(notice: Notice) -> Deed:
    if notice.detail == Automatic.LEFT_COMPANY:
        return Deed(
            word="left_company", happening=Happening.LEFT_COMPANY, has_arrived=True
        )
    if notice.detail != Automatic.OUT_OF_OFFICE:
        return Deed(word="noted", has_arrived=True)
    back = notice.return_date
    return Deed(
        word="out_of_office",
        happening=Happening.AUTO_REPLIED,
        until=datetime.combine(back, time(), UTC) if back else None,
        has_arrived=True,
    )


def _answer(notice: Notice) -> Deed:
    if notice.detail == Automatic.LEFT_COMPANY:
        return Deed(
            word="left_company", happening=Happening.LEFT_COMPANY, has_arrived=True
        )
    return Deed(word="answered", happening=Happening.ANSWERED, has_arrived=True)
