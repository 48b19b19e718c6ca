"""The laws of naming the reason that a notice gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.reply_told import judge_told

# action status | text | said : reason
REASONS = """
failed 5.1.1 | 550 5.1.1 no such user | : hard_no_user
failed 5.0.0 | 550 user unknown | : recipient_filtered
failed 5.0.0 | 550 user unknown (in reply to RCPT TO command) | : hard_no_user
failed 5.0.0 | 550 user unknown (in reply to end of DATA) | : recipient_filtered
failed 5.1.1 | | <p>: mailbox is full | : soft_mailbox_full
failed 5.1.1 | | The address could not be found | : hard_no_user
failed 5.1.1 | 552 5.2.2 mailbox full | : soft_mailbox_full
failed 5.7.1 | 550 5.7.1 Message rejected due to DMARC policy | : auth_dmarc
failed - | host x said: 550 5.1.1 no such user | spam, quota, virus : hard_no_user
failed 4.4.7 | | : soft_expired
failed 4.0.0 | DNS: domain not found | : soft_network
failed 5.0.0 | DNS: domain not found | : hard_bad_domain
failed 4.0.0 | returned Null MX | : hard_bad_domain
failed 5.5.0 | | : unknown
failed - | | : unknown
failed 5.7.1 | 550 5.7.1 denied (in reply to MAIL FROM command) | : sender_rejected
delayed 4.4.1 | 550 5.1.1 no such user | : soft_network
delayed - | still trying | virus : soft_expired
delivered 5.1.1 | no such user | : delivered
relayed 2.0.0 | | : delivered
expanded 2.0.0 | | : delivered
"""


@pytest.mark.parametrize("row", REASONS.strip().split("\n"))
def test_the_innermost_words_decide(row: str) -> None:
    """The server's words, then its code, then the notice's words, then likely ones."""
    asked, _, expected = row.rpartition(" : ")
    head, *words = (part.strip() for part in asked.split("|"))
    action, status = head.split(" ")
    told = judge_told(action, status.strip("-") or None, words[0], "".join(words[1:]))
    assert told == expected.strip(" |:")


@given(
    st.sampled_from(["delayed", "delivered", "relayed", "expanded"]),
    st.sampled_from([None, "5.1.1", "4.1.1", "2.0.0", "5.2.1"]),
    st.text(max_size=60),
)
def test_only_a_failure_is_hard(action: str, status: str | None, text: str) -> None:
    """Whatever is said, a letter that is late or arrived condemns nobody."""
    for words in (text, f"{text} 550 5.1.1 user unknown"):
        assert not judge_told(action, status, words, words).startswith("hard_")
