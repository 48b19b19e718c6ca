"""The laws of what a refusal before DATA says of who sends."""

from __future__ import annotations

import pytest

from outreachd.rules.model import Phase, Reply
from outreachd.rules.refusal import is_of_sender
from outreachd.rules.reply import judge

COUNTED = (
    (Phase.RCPT, 450, "4.7.1 your domain has a very low reputation"),
    (Phase.RCPT, 554, "5.7.1 blocked using zen.spamhaus.org"),
    (Phase.RCPT, 421, "4.7.28 unusual rate of unsolicited mail from your IP"),
    (Phase.RCPT, 550, "5.7.26 this mail does not pass DMARC"),
    (Phase.MAIL, 550, "5.7.1 your domain has a very low reputation"),
)
OF_OTHERS = (
    (Phase.RCPT, 450, "4.2.0 greylisted, come back later"),
    (Phase.RCPT, 451, "4.7.1 Greylisting in action"),
    (Phase.RCPT, 550, "5.1.1 no such user"),
    (Phase.RCPT, 452, "4.2.2 mailbox full"),
    (Phase.RCPT, 0, "connection lost"),
    (Phase.MAIL, 450, "4.7.1 too much mail from you, rate limit"),
    (Phase.GREETING, 554, "5.7.1 blocked using zen.spamhaus.org"),
    (Phase.AUTH, 535, "5.7.8 bad credentials"),
)


@pytest.mark.parametrize(("phase", "code", "text"), COUNTED)
def test_policy_and_reputation_are_the_senders(
    phase: Phase, code: int, text: str
) -> None:
    """Whether it is refused for now or for good."""
    assert is_of_sender(phase, judge(Reply(phase, code, text)))


@pytest.mark.parametrize(("phase", "code", "text"), OF_OTHERS)
def test_greylists_people_and_lines_are_not(phase: Phase, code: int, text: str) -> None:
    """SMTP 8: a greylist, a full mailbox, a relay's pace are nobody's illness."""
    assert not is_of_sender(phase, judge(Reply(phase, code, text)))
