"""The laws of the word lists; what they make of real replies is in test_reply."""

from __future__ import annotations

import pytest

from outreachd.rules.model import Permanence, Phase, Reply
from outreachd.rules.notice_phrases import rules
from outreachd.rules.reply import SCOPES, judge
from outreachd.rules.reply_words import LIKELY, SURE


def test_the_first_match_is_the_one_that_counts() -> None:
    """A table is read in order: what is special stands before what is general."""
    table = rules(("special", "greylist"), ("general", "recipient"))
    text = "recipient address rejected: greylisted"
    first = next(rule for rule in table if rule.pattern.search(text))
    assert first.reason == "special"


@pytest.mark.parametrize("rule", [*SURE, *LIKELY], ids=lambda rule: rule.reason)
def test_no_pattern_matches_what_says_nothing(rule: object) -> None:
    """A bare refusal tells no reason, so no word may be found in it."""
    pattern = rule.pattern  # type: ignore[attr-defined]
    assert not pattern.search("")
    assert not pattern.search("550 no")
    assert not pattern.search("250 ok")


@pytest.mark.parametrize("rule", [*SURE, *LIKELY], ids=lambda rule: rule.reason)
def test_patterns_are_in_small_letters(rule: object) -> None:
    """Replies are read in small letters: a capital would never match."""
    pattern = rule.pattern  # type: ignore[attr-defined]
    letters = pattern.pattern.replace(r"\S", "").replace(r"\W", "").replace(r"\D", "")
    assert letters.replace(r"\B", "") == letters.replace(r"\B", "").lower()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5.7.1 Recipient address rejected: Greylisted, try later", "soft_greylist"),
        ("5.1.1 mailbox is full", "soft_mailbox_full"),
        ("Must issue a STARTTLS command first", "tls"),
        ("too many failed login attempts", "auth_rate_limit"),
    ],
)
def test_words_go_before_codes(text: str, reason: str) -> None:
    """Codes are misused; a plain sentence is not."""
    assert judge(Reply(Phase.RCPT, 550, text)).reason == reason


def test_only_a_missing_address_ends_an_address() -> None:
    """Reasons that suppress are about the recipient, whatever table they stand in."""
    for rule in (*SURE, *LIKELY):
        if rule.reason.startswith("hard_"):
            assert rule.reason in SCOPES
    full = judge(Reply(Phase.RCPT, 452, "4.2.2 mailbox full"))
    assert full.permanence is Permanence.TEMPORARY
