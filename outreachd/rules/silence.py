"""Who hears nothing: a domain whose bounces and complaints do not reach us.

No bad news is no proof of health where the channel is deaf: its mailboxes cannot be
read, or nothing at all came back for letters of which, by the mean of the whole fleet,
so many must have brought something that chance does not explain it. Such a domain is
slowed until something is heard, and never rested: nobody knows that it is ill. Pure.
"""

from __future__ import annotations

from outreachd.rules.health import Breach, Counts, Measure, Rule

DEAF_PART = 0.5  # of a domain's mailboxes


def judge_silence(
    rule: Rule, counts: Counts, fleet: Counts, *, deaf: int, mailboxes: int
) -> Breach | None:
    """Tell whether a domain is silent; ``low`` is how much should have been heard."""
    if counts.sent < rule.min_sent:
        return None
    heard, others = counts.of(Measure.SILENCE), fleet.of(Measure.SILENCE)
    expected = counts.sent * others / max(fleet.sent, 1)
    is_deaf = mailboxes > 0 and deaf >= DEAF_PART * mailboxes
    is_silent = heard == 0 and expected > rule.limit
    if not (is_deaf or is_silent):
        return None
    return Breach(rule=rule, sent=counts.sent, events=heard, low=expected)
