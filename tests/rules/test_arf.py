"""The laws of complaints: reports and look-alikes, and what only resembles them."""

from __future__ import annotations

import pytest

from outreachd.rules.arf import feedback_type, is_dmarc_report, recipient
from outreachd.rules.notice import About, understand
from outreachd.rules.notice_mail import open_mail
from tests.rules.mails import NOW, mail, multipart

P = "p@people.example"
FILE = "application/gzip; name=g!x.example!1700000000!1700086400.xml.gz"


def report(fields: str, *, to: str = P) -> bytes:
    """Write a feedback report about a letter of ours."""
    return multipart(
        "report; report-type=feedback-report",
        ("text/plain", "This is an email abuse report."),
        ("message/feedback-report", fields),
        ("message/rfc822", f"To: {to}\r\nMessage-ID: <ours@b.example>\r\n\r\nhi"),
        From="fbl@isp.example",
    )


@pytest.mark.parametrize(
    ("word", "reason", "suppresses"),
    [
        ("abuse", "complaint", True),
        ("fraud", "complaint", True),
        ("virus", "complaint", True),
        ("other", "complaint", True),
        ("opt-out", "complaint", True),
        ("ABUSE (spam)", "complaint", True),
        ("", "complaint", True),
        ("not-spam", "not_spam", False),
        ("auth-failure", "auth_dmarc", False),
    ],
)
def test_types_of_reports(word: str, reason: str, suppresses: bool) -> None:
    """Only a complaint suppresses: neither "not spam" nor a failed DMARC check."""
    notice = understand(report(f"Feedback-Type: {word}\r\nVersion: 1"), now=NOW)
    assert notice.kind == "arf"
    assert [(one.reason, one.suppresses) for one in notice.about] == [
        (reason, suppresses)
    ]


@pytest.mark.parametrize(
    "fields",
    [
        f"Original-Rcpt-To: <{P}>",
        f"Removal-Recipient: {P}",
        "Original-Mail-From: <bounce+a1=p=people.example@b.example>",
        "Source-IP: 192.0.2.1",
    ],
)
def test_whom_it_is_about_is_found_where_it_can_be(fields: str) -> None:
    """In a field, in our return address, else as the returned letter's addressee."""
    assert recipient(open_mail(report(f"Feedback-Type: abuse\r\n{fields}"))) == P


def test_nobody_is_guessed_where_there_are_two() -> None:
    """A letter to two people tells of neither."""
    raw = report("Feedback-Type: abuse", to=f"{P}, q@people.example")
    assert recipient(open_mail(raw)) is None


def test_reports_without_the_middle_part_are_known() -> None:
    """Hotmail's programme and DMARC failures by Exim have forms of their own."""
    jmrp = mail("", From="staff@hotmail.com", X_HmXmrOriginalRecipient=P)
    assert feedback_type(open_mail(jmrp)) == "abuse"
    assert recipient(open_mail(jmrp)) == P
    exim = mail("It has failed the published DMARC policy.",
                Subject="DMARC Forensic Report for x")  # fmt: skip
    assert feedback_type(open_mail(exim)) == "auth-failure"


@pytest.mark.parametrize(
    "raw",
    [
        mail("This is an abuse report! You are spam!", Subject="Re: abuse report"),
        mail("x", Subject="Fwd: complaint about an order"),
        multipart("mixed", ("text/plain", "see this"),
                  ("message/rfc822", report("Feedback-Type: abuse").decode()),
                  Subject="Fwd: abuse"),
    ],
)  # fmt: skip
def test_a_person_does_not_complain_by_report(raw: bytes) -> None:
    """Anger, forwards and reports inside of mails are answers to be read."""
    assert feedback_type(open_mail(raw)) is None


@pytest.mark.parametrize(
    "raw",
    [
        multipart("mixed", (FILE, "")),
        multipart("mixed", ("application/zip; name=r.zip", ""),
                  Subject="Report Domain: x.example Submitter: g Report-ID: 1"),
        multipart("report; report-type=tlsrpt", ("application/tlsrpt+gzip", "")),
    ],
)  # fmt: skip
def test_reports_for_statistics_are_put_aside(raw: bytes) -> None:
    """DMARC and TLS aggregate reports are about a domain, never about a person."""
    assert is_dmarc_report(open_mail(raw))
    assert understand(raw, now=NOW).about == ()


def test_a_zip_from_a_person_is_no_report() -> None:
    """An attachment alone says nothing."""
    raw = multipart("mixed", ("application/zip; name=photos.zip", ""), Subject="photos")
    assert not is_dmarc_report(open_mail(raw))


def test_only_complaints_hard_failures_and_opt_outs_suppress() -> None:
    """The one property that decides it, over reasons and actions."""
    for reason in ("soft_mailbox_full", "recipient_filtered", "autoreply", "unknown"):
        assert not About(recipient=P, reason=reason, action="failed").suppresses
    assert About(recipient=P, reason="hard_no_user", action="failed").suppresses
    assert not About(recipient=P, reason="hard_no_user", action="delayed").suppresses
    assert About(recipient=P, reason="unsubscribe").suppresses
