"""The laws of knowing whether an account's server still accepts letters."""

from __future__ import annotations

from outreachd.rules.model import Permanence, Phase, Reply, Scope, Verdict
from outreachd.rules.pulse import FORGOTTEN_S, Pulse, UnderWay

BUSY = Reply(Phase.MAIL, 421, "4.3.2 too busy")
LATER = Verdict(Scope.MESSAGE, Permanence.TEMPORARY, "remote_error")
NOBODY = Verdict(Scope.RECIPIENT, Permanence.PERMANENT, "hard_no_user")


def refused(pulse: Pulse, *, times: int, since: float = 0.0) -> None:
    """Let a server refuse a letter each five seconds."""
    for n in range(times):
        pulse.failed(1, LATER, BUSY, since + 5.0 * n)


def test_a_server_that_refuses_all_is_told_with_its_words() -> None:
    """However soon each letter is tried again: what it said last is the cause."""
    pulse = Pulse()
    refused(pulse, times=5)
    [one] = pulse.silences((), 25.0)
    assert (one.account_id, one.for_s) == (1, 25.0)
    assert one.why == (
        "its server has accepted none of 5 letters for 25 s, it said last: "
        "mail: 421 4.3.2 too busy"
    )


def test_a_few_refusals_are_chance() -> None:
    """Two of them, or three in a moment, say nothing yet."""
    pulse = Pulse()
    refused(pulse, times=2)
    assert pulse.silences((), 100.0) == []
    pulse.failed(1, LATER, BUSY, 9.0)
    assert pulse.silences((), 9.5) == []


def test_one_acceptance_is_a_sign_of_life() -> None:
    """What was refused before it is forgotten."""
    pulse = Pulse()
    refused(pulse, times=5)
    pulse.accepted(1, 30.0)
    assert pulse.silences((), 30.0) == []
    assert pulse.accepted_at() == 30.0


def test_unknown_recipients_are_not_the_servers_silence() -> None:
    """A list of bad addresses is answered by a server that is well."""
    pulse = Pulse()
    for n in range(9):
        pulse.failed(1, NOBODY, Reply(Phase.RCPT, 550, "5.1.1 unknown"), 5.0 * n)
    assert pulse.silences((), 60.0) == []


def test_what_was_not_tried_for_long_is_not_known() -> None:
    """The refusals of the evening say nothing of the night."""
    pulse = Pulse()
    refused(pulse, times=5)
    assert pulse.silences((), 20.0 + FORGOTTEN_S) == []


def test_a_server_that_hangs_is_told_while_it_does() -> None:
    """Its letters have no end that could be counted; the oldest is what is told."""
    pulse = Pulse()
    letters = [UnderWay(1, 5.0, is_begun=False), UnderWay(1, 9.0, is_begun=True)]
    assert pulse.silences(letters, 20.0) == []
    [one] = pulse.silences(letters, 45.0)
    assert one.why == (
        "its server has not answered for 40 s: 2 letters under way, "
        "1 of them after DATA"
    )


def test_where_all_letters_hang_is_told() -> None:
    """Before DATA nothing was sent; after it, a letter may have arrived."""
    for is_begun, where in ((False, "before DATA"), (True, "after DATA")):
        [one] = Pulse().silences([UnderWay(1, 0.0, is_begun=is_begun)], 60.0)
        assert one.why.endswith(f"1 letter under way, {where}")


def test_a_slow_server_that_accepts_is_not_silent() -> None:
    """Letters that wait for a connection are old, and go on all the same."""
    pulse = Pulse()
    pulse.accepted(1, 40.0)
    assert pulse.silences([UnderWay(1, 0.0, is_begun=False)], 50.0) == []


def test_the_longest_silent_comes_first() -> None:
    """It is the one that a sentence is made of."""
    letters = [UnderWay(1, 20.0, is_begun=False), UnderWay(2, 0.0, is_begun=False)]
    assert [one.account_id for one in Pulse().silences(letters, 60.0)] == [2, 1]
