"""Refusals before DATA that say something of who sends, and so count for health.

A refusal at MAIL or RCPT has no attempt: the letter was not handed over. Where it is
for what the sender is or does (policy, reputation, rate, authentication), it counts as
a letter that was blocked. What is about the recipient counts for nobody, greylisting
least of all: so a server greets any stranger. Nor does the pace that our own relay asks
for at MAIL, before it knows whom the letter is for. Pure.
Source: RFC 5321 section 4.3.2 (what may be answered when), RFC 6647 (greylisting).
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from outreachd.rules.model import Phase, Scope, Verdict

OF_OTHERS = frozenset({Scope.RECIPIENT, Scope.CONNECTION})


class Refused(Struct, frozen=True, kw_only=True):
    """Letters of a quarter of an hour that were refused alike."""

    quarter: datetime  # its beginning
    mailbox_id: int
    account_id: int
    client_id: int
    domain: str  # of the recipients
    reason: str
    n: int = 1


def is_of_sender(phase: Phase, verdict: Verdict) -> bool:
    """Tell whether a refusal before DATA may count against who sent the letter."""
    if verdict.scope in OF_OTHERS:
        return False
    if phase is Phase.MAIL:
        return verdict.reason != "rate_limit"
    return phase is Phase.RCPT
