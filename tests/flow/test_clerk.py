"""The laws of the clerk: plain values from plain values, the same in every attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from outreachd.flow.clerk import Clerk, Written, recipient_zone
from outreachd.flow.pool import Permit
from outreachd.rules.letter import Unfillable
from outreachd.rules.model import (
    Claim,
    Permanence,
    Phase,
    Reply,
    Scope,
    State,
    Verdict,
)
from outreachd.rules.records import IntentAnswer
from outreachd.rules.reply import judge
from tests.flow.world import World
from tests.rosters import MONDAY, campaign, mailbox, roster, step

NO = Reply(Phase.RCPT, 550, "5.1.1 no such user")


class Desk:
    """A clerk with a permit and a claim to work on."""

    def __init__(self, *steps: Any) -> None:
        self.world = World(roster(mailbox(), campaign(steps=steps or (step(),))))
        pool = self.world.pool
        permit = pool.take(pool.lanes[1], pool.roster.campaigns[1], MONDAY, 0.0)
        assert isinstance(permit, Permit)
        self.permit = permit
        self.clerk: Clerk = self.world.clerk()

    def write(self, claim: Claim) -> Written:
        """Write a letter that can be written."""
        written = self.clerk.write(claim, self.permit)
        assert isinstance(written, Written), written
        return written


def claim(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "send_id": 1,
        "campaign_id": 1,
        "step_number": 1,
        "enrolment_id": 5,
        "contact_id": 1,
        "email": "p@x.example",
        "variables": b'{"first_name": "Pat"}',
        "zone": "",
        "mailbox_id": None,
        "due_at": MONDAY,
        "first_due_at": MONDAY,
        "attempts": 0,
        "message_id": None,
        "dated_at": None,
        "letter_sha256": None,
        "thread": None,
        "thread_subject": None,
    }
    return Claim(**values | changes)


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
        row = desk.clerk.held(one, why)
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


def test_a_refusal_tries_again_or_never() -> None:
    """Temporary: later; permanent: failed, and an address that is none suppressed."""
    desk = Desk()
    gone = desk.clerk.refused(claim(), desk.permit, NO, judge(NO))
    assert (gone.state, gone.suppress, gone.tried) == (State.FAILED, True, True)
    busy = Reply(Phase.RCPT, 450, "4.2.0 greylisted")
    later = desk.clerk.refused(claim(), desk.permit, busy, judge(busy))
    assert (later.state, later.suppress, later.mailbox_id) == (
        State.SCHEDULED,
        False,
        1,
    )
    assert later.due_at is not None
    assert later.due_at >= MONDAY + timedelta(minutes=5)
    worn = desk.clerk.refused(claim(attempts=50), desk.permit, busy, judge(busy))
    assert worn.state is State.FAILED


@pytest.mark.parametrize("answer", [None, *IntentAnswer])
def test_a_denied_intent_goes_back_uncounted(answer: IntentAnswer | None) -> None:
    """Whatever the ledger said, nothing was tried; only the suppressed end."""
    row = Desk().clerk.denied(claim(), answer)
    assert not row.tried
    if answer is IntentAnswer.SUPPRESSED:
        assert row.state is State.SUPPRESSED
    else:
        assert row.state is State.SCHEDULED
        assert row.due_at is not None
        assert row.due_at > MONDAY


@pytest.mark.parametrize(
    ("permanence", "state"),
    [
        (Permanence.ACCEPTED, State.SENT),
        (Permanence.UNKNOWN, State.UNCERTAIN),
        (Permanence.TEMPORARY, State.SCHEDULED),
        (Permanence.PERMANENT, State.FAILED),
    ],
)
def test_an_outcome_follows_the_verdict(permanence: Permanence, state: State) -> None:
    """And only a delivery sets off the next step."""
    desk = Desk(step(), step(2))
    written = desk.write(claim())
    intent = desk.clerk.intent(claim(), desk.permit, written, UUID(int=3))
    reply = Reply(Phase.DOT, 250, "ok")
    verdict = Verdict(Scope.MESSAGE, permanence, "r")
    told = desk.clerk.outcome(claim(), desk.permit, written, intent, reply, verdict)
    assert (told.state, told.attempt_id, told.text) == (state, UUID(int=3), "250 ok")
    assert (told.due_at is not None) == (state is State.SCHEDULED)
    assert (told.next_step is not None) == (state is State.SENT)


def test_the_thread_goes_on_until_a_step_has_a_subject() -> None:
    """A step with a subject opens a thread of its own for those that follow."""
    desk = Desk(step(), step(2), step(3, subject="New"), step(4))
    accepted = Verdict(Scope.MESSAGE, Permanence.ACCEPTED, "delivered")
    reply = Reply(Phase.DOT, 250, "ok")
    one, threads = claim(), []
    names = []
    for _ in range(4):
        written = desk.write(one)
        names.append(written.message_id)
        intent = desk.clerk.intent(one, desk.permit, written, UUID(int=3))
        told = desk.clerk.outcome(one, desk.permit, written, intent, reply, accepted)
        if told.next_step is None:
            break
        nxt = told.next_step
        threads.append((nxt.step_number, nxt.thread, nxt.thread_subject))
        one = claim(
            step_number=nxt.step_number,
            thread=nxt.thread,
            thread_subject=nxt.thread_subject,
        )
    assert threads == [
        (2, names[0], "Hello"),
        (3, names[0], "Hello"),
        (4, names[2], "New"),
    ]
    assert len(names) == 4


def test_doubt_and_silence_have_outcomes_too() -> None:
    """An intent without an answer was not sent; a bug after it leaves doubt."""
    desk = Desk()
    intent = desk.clerk.intent(claim(), desk.permit, desk.write(claim()), UUID(int=3))
    unspoken = desk.clerk.unspoken(claim(), intent)
    assert (unspoken.state, unspoken.due_at) == (
        State.SCHEDULED,
        MONDAY + timedelta(seconds=5),
    )
    assert desk.clerk.lost(intent).state is State.UNCERTAIN


def test_an_unknown_recipient_zone_is_none() -> None:
    """No name, no zone; a name is opened."""
    assert recipient_zone("") is None
    assert str(recipient_zone("Europe/Berlin")) == "Europe/Berlin"
