"""The laws of believing a notice: only what we signed, or named by chance, is ours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.notice import understand
from outreachd.rules.notice_match import (
    Names,
    Sent,
    envelope_id,
    proven,
    return_address,
    weak_match,
)
from outreachd.rules.token import TokenKind, TokenMint
from tests.rules.mails import NOW, bounce, mail, multipart

MINT = TokenMint({1: b"k" * 32}, 1)
OTHERS = TokenMint({1: b"x" * 32}, 1)
FIELDS = "Final-Recipient: rfc822; p@people.example\r\nAction: failed\r\nStatus: 5.1.1"


def shown(raw: bytes) -> Names:
    """Read the names of a mail."""
    return understand(raw, now=NOW).names


@given(st.integers(0, 2**63 - 1))
def test_a_return_address_names_its_send(send_id: int) -> None:
    """Made and read back, whatever a mail server does to the case of its letters."""
    address = return_address(MINT, send_id, "b.example")
    assert len(address.partition("@")[0]) <= 64
    for written in (address, address.upper(), f"<{address}>", f"prvs=1a2b={address}"):
        names = shown(bounce(FIELDS, To=written))
        assert proven(names, MINT) == (TokenKind.BOUNCE, send_id)


@pytest.mark.parametrize(
    "header", ["To", "Delivered_To", "X_Original_To", "Envelope_To"]
)
def test_a_return_address_is_found_where_servers_write_it(header: str) -> None:
    """Each mail server has its own header for the address it delivered to."""
    raw = mail("?", **{header: return_address(MINT, 7, "b.example")})
    assert proven(shown(raw), MINT) == (TokenKind.BOUNCE, 7)


def test_the_envelope_id_names_the_send() -> None:
    """RFC 3461: what we gave as ENVID comes back in the report's first fields."""
    raw = bounce(f"{FIELDS}\r\n\r\nOriginal-Envelope-Id: {envelope_id(MINT, 9)}")
    assert proven(shown(raw), MINT) == (TokenKind.BOUNCE, 9)


def test_the_opt_out_of_a_returned_letter_names_the_enrolment() -> None:
    """Our List-Unsubscribe comes back in the returned headers: a signed token."""
    token = MINT.mint(TokenKind.OPT_OUT, 11)
    ours = f"List-Unsubscribe: <https://o.example/u/{token}>\r\nSubject: Hi\r\n\r\n"
    raw = multipart("report", ("text/plain", "no"), ("message/rfc822", ours))
    assert proven(shown(raw), MINT) == (TokenKind.OPT_OUT, 11)
    assert proven(shown(mail("", Subject=token)), MINT) == (TokenKind.OPT_OUT, 11)


def test_a_complaint_names_the_send_by_its_return_address() -> None:
    """Recipients of complaints are redacted; our own address in them is not."""
    address = return_address(MINT, 5, "b.example")
    report = f"Feedback-Type: abuse\r\nOriginal-Mail-From: <{address}>"
    raw = multipart("report", ("text/plain", ""), ("message/feedback-report", report))
    assert proven(shown(raw), MINT) == (TokenKind.BOUNCE, 5)


@pytest.mark.parametrize(
    "forged",
    [
        return_address(OTHERS, 7, "b.example"),
        return_address(MINT, 7, "b.example").replace("bounce+", "bounce+a", 1),
        "bounce+" + "a" * 42 + "@b.example",
        "bounce+7@b.example",
    ],
)
def test_a_forged_address_proves_nothing(forged: str) -> None:
    """Without our key nobody can make a bounce count."""
    assert proven(shown(bounce(FIELDS, To=forged)), MINT) is None


def test_the_names_of_letters_are_told_in_order() -> None:
    """What is returned comes before what is answered; the last reference first."""
    raw = bounce(FIELDS, In_Reply_To="<a@x>", References="<r1@x> <r2@x>")
    names = shown(raw)
    assert names.returned_ids == ("<ours@b.example>",)
    assert names.thread_ids == ("<a@x>", "<r2@x>", "<r1@x>")
    assert names.recipients == ("p@people.example",)


def test_recipient_and_time_make_a_weak_match_of_exactly_one() -> None:
    """Two letters in the window are none; an old one, or a later one, is none."""
    names = shown(bounce(FIELDS))
    day = timedelta(days=1)
    near = Sent(1, "P@people.example", NOW - day)
    assert weak_match(names, [near], received_at=NOW) == 1
    other = Sent(2, "p@people.example", NOW - 2 * day)
    assert weak_match(names, [near, other], received_at=NOW) is None
    for wrong in (
        Sent(3, "p@people.example", NOW - 9 * day),
        Sent(4, "p@people.example", NOW + day),
        Sent(5, "q@people.example", NOW - day),
    ):
        assert weak_match(names, [wrong], received_at=NOW) is None
