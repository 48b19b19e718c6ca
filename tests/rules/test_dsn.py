"""The laws of reading delivery status notifications by the book."""

from __future__ import annotations

import pytest

from outreachd.rules.dsn import MAX_RECIPIENTS, address, blocks, envelope_id, told
from outreachd.rules.notice_mail import open_mail
from tests.rules.mails import bounce

UGLY = (
    "final-recipient: RFC822;<p@people.example>\r\nACTION: Failed (gone)\r\n"
    "Status: 5.0.0 (what?)\r\nDiagnostic-Code: smtp;\r\n  550 5.1.1\r\n\tno"
)
WHO = "Final-Recipient: rfc822; p@people.example\r\n"


def one(fields: str) -> tuple[str | None, str, str | None, str]:
    """Read the fields of one recipient."""
    (only,) = told(open_mail(bounce(fields)))
    return only.recipient, only.action, only.status, only.diagnostic


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            WHO + "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no",
            ("p@people.example", "failed", "5.1.1", "550 no"),
        ),
        (
            UGLY,
            ("p@people.example", "failed", "5.0.0", "550 5.1.1 no"),
        ),
        (WHO + "Status: 4.4.1", ("p@people.example", "delayed", "4.4.1", "")),
        (WHO + "Status: 2.1.5", ("p@people.example", "delivered", "2.1.5", "")),
        (WHO, ("p@people.example", "failed", None, "")),
        (WHO + "Action: deliverable", ("p@people.example", "delivered", None, "")),
        ("Final-Recipient: rfc822; nobody", (None, "failed", None, "")),
    ],
)
def test_fields_are_read_as_servers_write_them(
    fields: str, expected: tuple[str | None, str, str | None, str]
) -> None:
    """Any case, folded, with comments, without a type, with fields missing."""
    assert one(fields) == expected


def test_whom_we_wrote_to_is_kept_beside_who_failed() -> None:
    """Forwarding changes the recipient; both are told where they differ."""
    fields = WHO + "Original-Recipient: rfc822; q@people.example\r\nAction: failed"
    (only,) = told(open_mail(bounce(fields)))
    assert (only.recipient, only.original) == ("p@people.example", "q@people.example")


def test_an_address_only_a_server_understands_gives_way() -> None:
    """Routes and daemons' own names stand behind the address people know."""
    fields = (
        "Final-Recipient: rfc822; @mx.example:p@ims_daemon\r\n"
        "Original-Recipient: rfc822; p@people.example\r\nAction: failed"
    )
    assert one(fields)[0] == "p@people.example"


def test_recipients_are_told_once_and_not_without_end() -> None:
    """A notice that repeats itself a thousand times is one about one person."""
    again = (WHO + "Action: failed\r\n\r\n") * 1000
    assert len(told(open_mail(bounce(again)))) == 1
    many = "".join(
        f"Final-Recipient: rfc822; p{n}@people.example\r\n\r\n" for n in range(300)
    )
    assert len(told(open_mail(bounce(many)))) == MAX_RECIPIENTS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("rfc822; p@people.example", "p@people.example"),
        ("<p@people.example>", "p@people.example"),
        ("utf-8; grün@people.example", "grün@people.example"),
        ('rfc822;"a..b"@people.example', '"a..b"@people.example'),
        ("rfc822; p@mailhub0", "p@mailhub0"),
        ("X-LOCAL; p", None),
        ("", None),
    ],
)
def test_an_address_is_found_in_its_wrapping(value: str, expected: str | None) -> None:
    """Behind a type, in brackets, quoted, international, without a dot."""
    assert address(value) == expected


def test_the_envelope_id_is_undone_from_xtext() -> None:
    """RFC 3461: ``+2B`` is a plus."""
    raw = bounce(f"{WHO}\r\nOriginal-Envelope-Id: a+2Bb")
    assert envelope_id(open_mail(raw)) == "a+b"
    assert envelope_id(open_mail(bounce(WHO))) is None


def test_blocks_are_divided_by_empty_lines() -> None:
    """Each group of fields stands for one recipient; noise between is no group."""
    text = "Aaaa: 1\nAaaa: 2\n\nnoise\n\nBbbb: 3\n  more"
    assert list(blocks(text)) == [{"aaaa": ["1", "2"]}, {"bbbb": ["3 more"]}]
