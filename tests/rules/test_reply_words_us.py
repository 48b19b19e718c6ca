"""The laws of what servers say about us."""

from __future__ import annotations

import pytest

from outreachd.rules.model import Phase, Reply, Scope
from outreachd.rules.reply import judge
from outreachd.rules.reply_words_us import ABOUT_US


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5.7.0 Daily SMTP relay limit exceeded for user", "quota_sender"),
        ("5.7.26 This mail is unauthenticated: DMARC policy", "auth_dmarc"),
        ("5.7.25 The IP address sending has no PTR record", "block_dns"),
        ("5.7.1 blocked using spamhaus", "block_ip"),
        ("5.7.1 very low reputation of the sending domain", "block_reputation"),
        ("Sender address rejected: Domain not found", "sender_rejected"),
        ("5.1.7 invalid address", "sender_rejected"),
        ("5.7.0 virus found", "content_virus"),
    ],
)
def test_what_is_about_us_costs_no_recipient(text: str, reason: str) -> None:
    """Even where the words speak of addresses and domains."""
    verdict = judge(Reply(Phase.RCPT, 550, text))
    assert verdict.reason == reason
    assert verdict.scope is not Scope.RECIPIENT


def test_no_reason_of_a_recipient_is_asked_here_but_in_one_fixed_sentence() -> None:
    """CPanel's sentence speaks of blacklists, too, and must come before them."""
    theirs = [rule for rule in ABOUT_US if rule.reason.startswith(("hard_", "soft_m"))]
    assert [rule.reason for rule in theirs] == ["hard_bad_domain"]


@pytest.mark.parametrize(
    "text",
    [
        "your email address is not valid",
        "your domain does not exist",
        "From address not found",
        "return-path address does not exist",
        "absenderadresse existiert nicht",
        "dirección del remitente no existe",
        "адрес отправителя не найден",
    ],
)
def test_our_own_address_costs_no_recipient(text: str) -> None:
    """What is refused as ours is a matter of the mailbox that sends."""
    assert judge(Reply(Phase.RCPT, 550, text)).reason == "sender_rejected"
