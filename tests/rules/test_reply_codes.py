"""The laws of the code lists; what they make of real replies is in test_reply."""

from __future__ import annotations

import pytest

from outreachd.rules.model import Phase, Reply
from outreachd.rules.reply import judge
from outreachd.rules.reply_codes import BASIC, ENHANCED


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("5.1.1", "hard_no_user"),
        ("5.1.2", "hard_bad_domain"),
        ("5.2.1", "hard_inactive"),
        ("4.2.2", "soft_mailbox_full"),
        ("5.3.4", "message_too_big"),
        ("5.1.8", "account_suspended"),  # Microsoft 365's, before the registry's
        ("4.7.28", "rate_limit"),
        ("5.5.3", "too_many_recipients"),
    ],
)
def test_a_code_means_what_the_registry_says(code: str, reason: str) -> None:
    """Where the words say nothing, the enhanced code is the evidence (RFC 3463)."""
    found = next(rule.reason for rule in ENHANCED if rule.pattern.fullmatch(code))
    assert found == reason


def test_a_code_is_matched_whole() -> None:
    """5.1.1 is not 5.1.10, which one provider uses for another thing."""
    matched = [rule for rule in ENHANCED if rule.pattern.fullmatch("5.1.100")]
    assert not matched


def test_basic_codes_are_refusals() -> None:
    """Only 4xx and 5xx refuse; each stands there once, by being a key."""
    assert all(400 <= code <= 599 for code in BASIC)


def test_the_enhanced_code_goes_before_the_basic_one() -> None:
    """552 is a full mailbox by itself, but not when the server says otherwise."""
    assert judge(Reply(Phase.RCPT, 552, "5.1.1 no")).reason == "hard_no_user"
    assert judge(Reply(Phase.RCPT, 552, "no")).reason == "soft_mailbox_full"
