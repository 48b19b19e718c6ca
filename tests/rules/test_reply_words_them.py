"""The laws of what servers say about a recipient."""

from __future__ import annotations

import pytest

from outreachd.rules.model import Phase, Reply
from outreachd.rules.reply import judge
from outreachd.rules.reply_words_them import ABOUT_THEM


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no such user", "hard_no_user"),
        ("Mailbox unavaiable", "hard_no_user"),
        ("<p@people.example>: not found", "hard_no_user"),
        ("user p, mailbox full, not found", "soft_mailbox_full"),
        ("disk space quota of the user exceeded", "soft_mailbox_full"),
        ("account disabled, no such user", "hard_inactive"),
        ("people.example does not exist", "hard_bad_domain"),
        ("dns lookup failure: people.example, try again later", "soft_network"),
        ("relay access denied", "relay_denied"),
        ("host relay.people.example said no such user", "hard_no_user"),
        ("have been failing for a long time", "soft_expired"),
    ],
)
def test_what_is_about_the_recipient(text: str, reason: str) -> None:
    """The special before the general; a host's name is no word."""
    assert judge(Reply(Phase.RCPT, 550, text), ours=False).reason == reason


def test_every_reason_here_is_one_of_a_recipient_or_of_the_way() -> None:
    """What would pause a sender stands in the other table, and is asked first."""
    ours = {"auth_credentials", "quota_sender", "account_suspended", "block_ip"}
    assert not ours & {rule.reason for rule in ABOUT_THEM}
