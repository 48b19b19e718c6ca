"""The laws of proofs: the real letter, and nothing that could be used."""

from __future__ import annotations

from datetime import UTC, datetime

from outreachd.clock import VirtualClock
from outreachd.flow.clerk import Written
from outreachd.proof import TOKEN, Proofs
from outreachd.rules.letter import Unfillable
from outreachd.store.readers import Reader
from tests.fake_contents import FakeContents
from tests.rosters import campaign, mailbox, roster, step

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
READER = Reader(1, "p@x.example", b'{"first_name": "Pat"}', "", "", 5, None)


def proofs(*things: object) -> Proofs:
    """Make proofs of a small fleet."""
    return Proofs(
        roster(mailbox(), *things),  # type: ignore[arg-type]
        FakeContents(),
        VirtualClock(NOW),
        base_url="https://out.example",
        unsubscribe_mailto=None,
    )


async def test_a_proof_is_the_letter_with_a_dead_link() -> None:
    """Everything is there; the token is a word that means nothing."""
    one = campaign(steps=(step(text="Hi {{ first_name }}."),))
    made = proofs(one)
    permit = made.permit(one, None)
    assert permit is not None
    letter = await made.letter(permit, READER, 1)
    assert isinstance(letter, Written)
    assert b"Hi Pat." in letter.letter.message
    assert letter.letter.message.count(TOKEN.encode()) >= 2


async def test_a_proof_that_cannot_be_written_says_why() -> None:
    """The same value as a hold."""
    one = campaign(steps=(step(text="Hi {{ nobody }}."),))
    made = proofs(one)
    permit = made.permit(one, 99)
    assert permit is not None
    why = await made.letter(permit, READER, 1)
    assert isinstance(why, Unfillable)
    assert (why.reason, why.missing) == ("missing_variable", "nobody")


def test_an_empty_pool_has_no_permit() -> None:
    """There is nobody to write."""
    one = campaign(steps=(step(),), mailbox_ids=())
    assert proofs(one).permit(one, None) is None
