"""The laws of what follows from a mail that came back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from outreachd.rules.actions import (
    BOUNCE_AT_MOST,
    PROOF,
    Deed,
    Evidence,
    Letter,
    Level,
    decide,
)
from outreachd.rules.model import Scope, State
from outreachd.rules.notice import About, Notice, NoticeKind
from outreachd.rules.notice_match import Names
from outreachd.rules.reply import LATER, SCOPES
from outreachd.rules.stops import Happening

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN = "ann@x.example"
NOBODY = Names(tokens=(), returned_ids=(), thread_ids=(), recipients=(), writer=None)
LETTER = Letter(
    send_id=1,
    contact_id=2,
    enrolment_id=3,
    campaign_id=4,
    client_id=5,
    mailbox_id=6,
    domain_id=7,
    account_id=8,
    email=ANN,
    state=State.SENT,
    attempt_id="a",
    dated_at=NOW - timedelta(hours=1),
)
REASONS = sorted({*SCOPES, *LATER, "content_spam", "policy_other", "unknown"})


def notice(kind: NoticeKind, *about: About, **more: Any) -> Notice:
    """Make a notice."""
    return Notice(kind=kind, about=about, names=NOBODY, **more)


def bounce(reason: str = "hard_no_user", who: str | None = ANN, **more: Any) -> Notice:
    """Make a bounce of one recipient."""
    values = {"action": "failed"} | more
    return notice(NoticeKind.DSN, About(recipient=who, reason=reason, **values))


def deed(
    what: Notice, evidence: Evidence = Evidence.TOKEN, letter: Letter | None = LETTER
) -> Deed:
    """Decide."""
    return decide(what, letter, evidence, now=NOW)


@pytest.mark.parametrize("evidence", sorted(PROOF))
def test_a_proven_hard_bounce_suppresses_everywhere(evidence: Evidence) -> None:
    """The address does not exist: nobody writes to it again."""
    found = deed(bounce(), evidence)
    assert found.suppress is not None
    assert (found.suppress.level, found.suppress.reason) == (
        Level.EVERYWHERE,
        "hard_no_user",
    )
    assert found.happening is Happening.BOUNCED
    assert found.ends_all


@pytest.mark.parametrize("evidence", [e for e in Evidence if e not in PROOF])
@pytest.mark.parametrize("kind", [NoticeKind.DSN, NoticeKind.ARF])
def test_a_report_that_anybody_could_write_changes_nothing(
    kind: NoticeKind, evidence: Evidence
) -> None:
    """A forged bounce or complaint is counted, and that is all."""
    about = About(recipient=ANN, reason="hard_no_user", action="failed")
    found = deed(notice(kind, about), evidence)
    assert found.word in ("unproven", "unmatched")
    assert (found.suppress, found.happening, found.ends_all) == (None, None, False)


@pytest.mark.parametrize("reason", REASONS)
def test_only_hard_bounces_suppress(reason: str) -> None:
    """Whatever else a server said, the person may be written to another day."""
    found = deed(bounce(reason))
    assert (found.suppress is not None) == reason.startswith("hard_")
    assert found.ends_all  # but a letter that was lost is answered by no follow-up
    assert found.has_arrived


def test_what_is_delayed_or_delivered_ends_nothing() -> None:
    """Only "failed" is a bounce; "delivered" settles a letter without an answer."""
    late = deed(bounce(action="delayed"))
    assert (late.ends_all, late.has_arrived, late.suppress) == (False, False, None)
    there = deed(bounce(action="delivered"))
    assert (there.ends_all, there.has_arrived, there.suppress) == (False, True, None)


def test_an_address_behind_ours_is_not_ours() -> None:
    """Where a letter was forwarded to is dead: our recipient's address may live."""
    found = deed(bounce(who="ann@forwarded.example"))
    assert (found.suppress, found.word) == (None, "failed")
    known = deed(bounce(who="ann@forwarded.example", original="Ann@X.example"))
    assert known.suppress is not None
    hidden = deed(bounce(who=None))
    assert hidden.suppress is not None


def test_of_several_recipients_only_ours_counts() -> None:
    """A notice about others, too, says nothing of them."""
    ours = About(recipient=ANN, reason="soft_mailbox_full", action="failed")
    other = About(recipient="bob@x.example", reason="hard_no_user", action="failed")
    assert deed(notice(NoticeKind.DSN, other, ours)).suppress is None
    assert deed(notice(NoticeKind.DSN, other, other)).word == "other_recipient"


def test_an_old_bounce_says_nothing_of_today() -> None:
    """Somebody may have kept it; the person may have come back."""
    old = NOW - BOUNCE_AT_MOST - timedelta(seconds=1)
    found = decide(
        bounce(),
        Letter(
            **{f: getattr(LETTER, f) for f in LETTER.__struct_fields__}
            | {"dated_at": old}
        ),
        Evidence.TOKEN,
        now=NOW,
    )
    assert (found.word, found.suppress) == ("too_old", None)


def test_what_concerns_the_sender_is_told_and_the_rest_is_not() -> None:
    """A failed authentication is the domain's; a full network is nobody's of ours."""
    told = deed(bounce("auth_dmarc")).verdict
    assert told is not None
    assert told.scope is Scope.DOMAIN
    assert deed(bounce("soft_network")).verdict is None
    assert deed(bounce("hard_no_user")).verdict is None


@pytest.mark.parametrize(
    ("detail", "word"),
    [("abuse", "complained"), ("not-spam", "noted"), ("auth-failure", "failed_auth")],
)
def test_only_a_complaint_is_a_complaint(detail: str, word: str) -> None:
    """A "not spam" and a report of failed authentication suppress nobody."""
    about = About(recipient=None, reason="complaint", action=detail)
    found = deed(notice(NoticeKind.ARF, about, detail=detail))
    assert found.word == word
    assert (found.suppress is not None) == (word == "complained")
    if found.suppress:
        assert found.suppress.level is Level.CLIENT


@pytest.mark.parametrize("evidence", [Evidence.MESSAGE_ID, Evidence.WEAK])
def test_a_person_is_taken_at_their_word(evidence: Evidence) -> None:
    """An answer stops the sequence, an opt-out ends it all for the client."""
    assert deed(notice(NoticeKind.REPLY), evidence).happening is Happening.ANSWERED
    left = deed(notice(NoticeKind.REPLY, detail="left_company"), evidence)
    assert left.happening is Happening.LEFT_COMPANY
    out = deed(notice(NoticeKind.UNSUBSCRIBE), evidence)
    assert out.happening is Happening.OPTED_OUT
    assert out.suppress is not None
    assert out.suppress.level is Level.CLIENT


def test_an_absence_ends_nothing() -> None:
    """Out of office waits until the day of return; a thank-you changes nothing."""
    away = notice(
        NoticeKind.AUTOREPLY, detail="out_of_office", return_date=date(2026, 3, 9)
    )
    found = deed(away)
    assert found.happening is Happening.AUTO_REPLIED
    assert found.until == datetime(2026, 3, 9, tzinfo=UTC)
    assert not found.ends_all
    assert deed(notice(NoticeKind.AUTOREPLY, detail="out_of_office")).until is None
    ack = deed(notice(NoticeKind.AUTOREPLY, detail="ack"))
    assert (ack.happening, ack.has_arrived, ack.word) == (None, True, "noted")


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_mail_about_no_letter_of_ours_changes_nothing(kind: NoticeKind) -> None:
    """Unmatched goes to a counter, whatever it says."""
    about = About(recipient=ANN, reason="hard_no_user", action="failed")
    assert deed(notice(kind, about), Evidence.NONE, None) == Deed(word="unmatched")


def test_what_anybody_could_write_settles_nothing_and_rests_nobody() -> None:
    """A forged "delivered" or failed authentication, matched by recipient and time."""
    assert not deed(bounce(action="delivered"), Evidence.WEAK).has_arrived
    about = About(recipient=ANN, reason="auth_dmarc", action="auth-failure")
    report = notice(NoticeKind.ARF, about, detail="auth-failure")
    assert deed(report, Evidence.WEAK).verdict is None
    assert deed(report).verdict is not None
