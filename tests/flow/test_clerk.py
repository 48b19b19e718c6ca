"""The laws of the clerk: plain values from plain values, the same in every attempt."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from outreachd.flow.clerk import Clerk, Signer, Written
from outreachd.rules.dkim import SigningKey
from outreachd.rules.letter import Unfillable
from outreachd.rules.model import Envelope, State, Variant
from outreachd.rules.notice import understand
from outreachd.rules.notice_match import proven
from outreachd.rules.token import TokenKind
from tests.flow.desk import Desk, claim
from tests.flow.world import MINT
from tests.rosters import MONDAY, step


def test_a_new_letter_gets_a_name_and_a_date_that_stay() -> None:
    """The second attempt, given the first one's, is the same bytes."""
    desk = Desk(step(text="Hi {{ first_name }}."))
    first = desk.write(claim())
    assert first.dated_at == MONDAY
    assert first.message_id.endswith("@mail1.acme.example>")
    desk.world.clock.slip = timedelta(days=1)
    again = desk.write(
        claim(
            message_id=first.message_id,
            dated_at=first.dated_at,
            letter_sha256=first.letter.sha256,
        )
    )
    assert again.letter.message == first.letter.message
    assert desk.write(claim()).message_id != first.message_id


def test_what_cannot_be_written_says_why() -> None:
    """A changed wording, a step that is gone, a missing value, a bad template."""
    desk = Desk(step(text="Hi {{ first_name }}."), step(2, text="{% if %}"))
    reasons = {
        "letter_changed": claim(letter_sha256=b"other", message_id="<a@b.example>"),
        "no_such_step": claim(step_number=3),
        "missing_variable": claim(variables=b"{}"),
        "template_error": claim(step_number=2),
    }
    for reason, one in reasons.items():
        why = desk.clerk.write(one, desk.permit)
        assert isinstance(why, Unfillable)
        assert why.reason == reason
        row = desk.reporter.held(one, why)
        assert (row.state, row.reason, row.tried) == (State.HELD, reason, False)
        assert row.detail


def test_an_intent_names_all_whom_it_counts_for() -> None:
    """Ids, name, date, digest, and four charges on local days."""
    desk = Desk()
    written = desk.write(claim())
    intent = desk.clerk.intent(claim(), desk.permit, written, UUID(int=3))
    ids = (intent.mailbox_id, intent.account_id, intent.domain_id, intent.client_id)
    assert ids == (1, 1, 1, 1)
    assert (intent.attempt_id, intent.at) == (UUID(int=3), MONDAY)
    assert intent.letter_sha256 == written.letter.sha256
    assert [charge.day for charge in intent.charges] == [MONDAY.date()] * 4
    assert intent.charges[0].cap == 10_000


PLAIN = Variant(name="plain", weight=1.0, subject="Plain", text="Plain.", html=None)
LOUD = Variant(name="loud", weight=1.0, subject=None, text="Loud!", html=None)


def test_a_wording_drawn_once_is_kept_through_attempts_and_new_weights() -> None:
    """The name decides; where it is gone, a letter that was tried has changed."""
    desk = Desk(step(), step(2, variants=(PLAIN, LOUD)))
    answering = {"step_number": 2, "thread": "<a@b.example>", "thread_subject": "Hello"}
    plain = desk.write(claim(variant="plain", **answering))
    loud = desk.write(claim(variant="loud", **answering))
    assert (plain.letter.subject, plain.opens_thread) == ("Plain", True)
    assert (loud.letter.subject, loud.opens_thread) == ("Re: Hello", False)
    names = {desk.write(claim(enrolment_id=n, **answering)).variant for n in range(20)}
    assert names == {"plain", "loud"}
    gone = claim(variant="gone", letter_sha256=b"s", **answering)
    why = desk.clerk.write(gone, desk.permit)
    assert isinstance(why, Unfillable)
    assert why.reason == "letter_changed"
    intent = desk.clerk.intent(claim(), desk.permit, loud, UUID(int=3))
    assert intent.variant == "loud"


def test_a_question_carries_the_link_to_say_yes() -> None:
    """Step 0 is the confirmation's wording; its token names the enrolment."""
    desk = Desk()
    question = step(0, subject="Is it you?", text="Yes: {{ confirm_url }}")
    permit = structs.replace(
        desk.permit, campaign=replace(desk.permit.campaign, confirmation=question)
    )
    written = desk.clerk.write(claim(step_number=0), permit)
    assert isinstance(written, Written)
    text = message_from_bytes(written.letter.message, policy=policy.default)
    link = re.search(r"Yes: https://\S+/c/(\S+)", text.get_content())
    assert link is not None
    assert MINT.read(link[1]) == (TokenKind.CONFIRM, 5)
    why = Desk().clerk.write(claim(step_number=0), desk.permit)
    assert isinstance(why, Unfillable)
    assert why.reason == "no_such_step"


# --- signatures -----------------------------------------------------------------------

KEY = SigningKey("mail1.acme.example", "o1", Ed25519PrivateKey.generate())


def signing(desk: Desk, signer: Signer) -> Clerk:
    """Make a clerk that signs."""
    world = desk.world
    return Clerk(
        world.pool,
        MINT,
        world.clock,
        world.wordings(),
        random_bytes=world.dice.randbytes,
        signer=signer,
    )


def test_a_signed_letter_is_the_same_in_every_attempt() -> None:
    """Bytes and digest cover the signature, whose date is the letter's own."""
    desk = Desk()
    clerk = signing(desk, lambda domain_id: (KEY,) if domain_id == 1 else ())
    first = clerk.write(claim(), desk.permit)
    assert isinstance(first, Written)
    assert first.letter.message.startswith(b"DKIM-Signature: v=1; a=ed25519-sha256;")
    assert b" t=%d;" % MONDAY.timestamp() in first.letter.message
    assert first.letter.sha256 == hashlib.sha256(first.letter.message).digest()
    desk.world.clock.slip = timedelta(days=1)
    known = claim(
        message_id=first.message_id,
        dated_at=first.dated_at,
        letter_sha256=first.letter.sha256,
    )
    again = clerk.write(known, desk.permit)
    assert isinstance(again, Written)
    assert again.letter == first.letter
    unsigned = desk.clerk.write(known, desk.permit)
    assert isinstance(unsigned, Unfillable)
    assert unsigned.reason == "letter_changed"


def test_a_key_that_does_not_open_holds_the_letter() -> None:
    """Nothing leaves unsigned that should be signed."""
    desk = Desk()
    why = signing(desk, lambda _: None).write(claim(), desk.permit)
    assert isinstance(why, Unfillable)
    assert why.reason == "unsignable"


def test_a_domain_that_hears_bounces_gives_each_letter_an_address() -> None:
    """Signed, so that a bounce to it proves its letter; else it is the mailbox's."""
    desk = Desk()
    plain = desk.clerk.envelope(claim(send_id=7), desk.permit)
    assert plain == Envelope("box1@mail1.acme.example", "p@x.example")
    domain = desk.permit.lane.domain
    domain.domain = replace(domain.domain, bounces_at="b.acme.example")
    named = desk.clerk.envelope(claim(send_id=7), desk.permit)
    assert named.sender.endswith("@b.acme.example")
    bounce = f"To: {named.sender.upper()}\nFrom: mailer-daemon@x.example\n\n"
    names = understand(bounce.encode(), now=MONDAY).names
    assert proven(names, MINT) == (TokenKind.BOUNCE, 7)
    assert MINT.read(named.id) == (TokenKind.BOUNCE, 7)
