"""The laws of the looser words, which are asked when nothing surer knew."""

from __future__ import annotations

import pytest

from outreachd.rules.reply import judge, read

# None of these is a line of the corpus: they are wordings of the servers' sources.
REPLIES = """
550 Mail from your network is not accepted : block_ip
550 Sender not allowed : sender_rejected
553 sorry, your envelope sender is in my badmailfrom list : sender_rejected
550 Verification failed for <a@b.example> : sender_rejected
554 Message refused as it contains URL listed in SURBL : content_spam
554 The message contains a trojan : content_virus
550 maximum allowed line length is 998 octets, got 2000 : content_format
550 Domain b.example has exceeded the max emails per hour : quota_sender
451 Initial contact, wait : soft_greylist
450 Error: too much mail from 192.0.2.1 : rate_limit
Cannot start TLS: handshake failure : tls
553 We do not know this domain : hard_bad_domain
mail for b.example loops back to myself : remote_error
connect to mx.b.example[192.0.2.1]:25: Operation timed out : soft_network
550 Administrative prohibition : policy_other
550 no : unknown
"""


@pytest.mark.parametrize("row", REPLIES.strip().split("\n"))
def test_any_wording_is_understood(row: str) -> None:
    """A noun and a verb are enough where no sentence is known."""
    text, _, expected = row.rpartition(" : ")
    assert judge(read(text), ours=False).reason == expected
