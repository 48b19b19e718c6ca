"""The laws of the reporter: an outcome follows its verdict, nothing is told twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from outreachd.rules.model import Permanence, Phase, Reply, Scope, State, Verdict
from outreachd.rules.records import IntentAnswer
from outreachd.rules.reply import judge
from tests.flow.desk import Desk, claim
from tests.rosters import MONDAY, step

NO = Reply(Phase.RCPT, 550, "5.1.1 no such user")


def test_a_refusal_tries_again_or_never() -> None:
    """Temporary: later; permanent: failed, and an address that is none suppressed."""
    desk = Desk()
    gone = desk.reporter.refused(claim(), desk.permit, NO, judge(NO))
    assert (gone.state, gone.suppress, gone.tried) == (State.FAILED, True, True)
    busy = Reply(Phase.RCPT, 450, "4.2.0 greylisted")
    later = desk.reporter.refused(claim(), desk.permit, busy, judge(busy))
    assert (later.state, later.suppress, later.mailbox_id) == (
        State.SCHEDULED,
        False,
        1,
    )
    assert later.due_at is not None
    assert later.due_at >= MONDAY + timedelta(minutes=5)
    worn = desk.reporter.refused(claim(attempts=50), desk.permit, busy, judge(busy))
    assert worn.state is State.FAILED


@pytest.mark.parametrize(
    ("mailbox_id", "code", "n"),
    [(None, 451, 1), (1, 451, 1), (None, 550, 1), (1, 550, 0)],
)
def test_a_refusal_for_policy_is_counted_once(
    mailbox_id: int | None, code: int, n: int
) -> None:
    """Here or in the ledger, which knows a failed letter's mailbox if it is bound."""
    desk = Desk()
    reply = Reply(Phase.RCPT, code, "5.7.1 message refused by local policy")
    row = desk.reporter.refused(
        claim(mailbox_id=mailbox_id), desk.permit, reply, judge(reply)
    )
    assert row.reason == "policy_other"
    assert len(desk.world.refusals.take()) == n


@pytest.mark.parametrize("answer", [None, *IntentAnswer])
def test_a_denied_intent_goes_back_uncounted(answer: IntentAnswer | None) -> None:
    """Nothing was tried; the suppressed end, who gave no consent waits."""
    row = Desk().reporter.denied(claim(), answer)
    assert not row.tried
    if answer is IntentAnswer.SUPPRESSED:
        assert row.state is State.SUPPRESSED
    elif answer is IntentAnswer.NO_CONSENT:
        assert (row.state, row.reason) == (State.HELD, "no_consent")
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
    told = desk.reporter.outcome(claim(), desk.permit, written, intent, reply, verdict)
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
        told = desk.reporter.outcome(one, desk.permit, written, intent, reply, accepted)
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
    unspoken = desk.reporter.unspoken(claim(), intent)
    assert (unspoken.state, unspoken.due_at) == (
        State.SCHEDULED,
        MONDAY + timedelta(seconds=5),
    )
    assert desk.reporter.lost(intent).state is State.UNCERTAIN
