"""What we make of a server's reply: a verdict of scope, permanence and reason.

The rules are data in ``reply_table``, ordered, first match wins. Here is only the
order of evidence: how far the dialogue had come, whose server spoke, the words, the
enhanced code (RFC 3463), the basic code (RFC 5321), its first digit. Words go before
codes because codes are misused. A reply that says yes counts only at the final dot;
no reply before the dot is a matter of the connection, after it of uncertainty.
"""

from __future__ import annotations

import re

from outreachd.rules.model import Permanence, Phase, Reply, Scope, Verdict

TEXT_AT_MOST = 512  # characters
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def clean(text: str) -> str:
    """Make a server's text fit for logs and database: no controls, no surrogates."""
    if len(text) <= TEXT_AT_MOST and text.isprintable():
        return text
    # What is cut away unseen cannot be worth the time it takes to look at it.
    return _UNPRINTABLE.sub(" ", text[: 4 * TEXT_AT_MOST]).strip()[:TEXT_AT_MOST]


def judge(reply: Reply, *, ours: bool = True) -> Verdict:
    """Judge a reply; ``ours`` = our submission host spoke, not the recipient's MX."""
    if reply.code == 0:
        if reply.phase is Phase.DOT:
            return Verdict(Scope.MESSAGE, Permanence.UNKNOWN, "unknown")
        return Verdict(Scope.CONNECTION, Permanence.TEMPORARY, "soft_network")
    if 200 <= reply.code < 300 and reply.phase is Phase.DOT:
        return Verdict(Scope.MESSAGE, Permanence.ACCEPTED, "delivered")
    permanence = Permanence.PERMANENT if reply.code >= 500 else Permanence.TEMPORARY
    return Verdict(Scope.MESSAGE, permanence, "unknown")
