"""How a receiver that says "slower" or "not you" is left in peace, by that sender.

A receiver is who runs a domain's mail. What it says of rate rests the account there,
what it says of reputation the sending domain there; every other receiver and sender
goes on. Rests double while it goes on saying so, and are forgotten after a clean day.
Letters to it wait, none is lost. Told ``now``; pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from outreachd.rules.model import Kind

# Whose letters to the receiver rest, and for how long at first, by what it said.
SHAPED: dict[str, tuple[Kind, timedelta]] = {
    "rate_limit": (Kind.ACCOUNT, timedelta(minutes=15)),
    "block_ip": (Kind.ACCOUNT, timedelta(hours=24)),
    "block_reputation": (Kind.DOMAIN, timedelta(hours=24)),
    "content_spam": (Kind.DOMAIN, timedelta(hours=1)),
}
LONGEST = timedelta(hours=48)
# After so long without another word, the next one is a first one.
CLEAN = timedelta(hours=24)


class Slow(Struct, frozen=True, kw_only=True):
    """One sender at one receiver."""

    kind: Kind
    target_id: int
    receiver: str
    until: datetime
    rounds: int  # rests in a row
    reason: str


def slowed(
    before: Slow | None, reason: str, target_id: int, receiver: str, now: datetime
) -> Slow:
    """Tell how long a sender rests there after this word.

    What was sent before the rest began and is answered during it makes it no longer.
    Raises KeyError on a reason that shapes nothing.
    """
    kind, first = SHAPED[reason]
    if before is not None and now < before.until and before.reason == reason:
        return before
    is_first = before is None or now - before.until > CLEAN
    rounds = 1 if is_first or before is None else before.rounds + 1
    rest = min(first * 2 ** min(rounds - 1, 10), LONGEST)
    return Slow(
        kind=kind,
        target_id=target_id,
        receiver=receiver,
        until=now + rest,
        rounds=rounds,
        reason=reason,
    )
