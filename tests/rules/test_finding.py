"""The laws of findings."""

from __future__ import annotations

from outreachd.rules.finding import Finding, combined, missing, ok, unknown, wrong


def test_the_worst_that_is_known_comes_first() -> None:
    """What is wrong is told before what is missing, that before what nobody knows."""
    all_four = [ok("a"), unknown("b"), missing("c"), wrong("d")]
    for number, worst in ((4, "wrong"), (3, "missing"), (2, "unknown"), (1, "ok")):
        assert combined(all_four[:number]).finding == worst


def test_sentences_of_one_word_stand_together_once() -> None:
    """Two relays with the same fault are one sentence."""
    assert combined([wrong("a"), ok("x"), wrong("b"), wrong("a")]).detail == "a; b"


def test_only_what_is_known_is_bad() -> None:
    """Nobody has to mend what nobody can tell."""
    assert [one for one in Finding if one.is_bad] == [Finding.MISSING, Finding.WRONG]
