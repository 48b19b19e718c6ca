"""How a claimed row goes back when it cannot be sent just now.

Uncounted: nothing was tried. Each says why in one word and, for people, a sentence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from outreachd.rules.model import Claim, State
from outreachd.rules.records import GiveBack

# What waits for a person's word is looked at again this often, in case no word comes.
AGAIN_S = 900.0
# A first touch is bound to nobody and claimed only where there is room: it can be due
# almost at once, so that nothing that was resumed is found asleep.
FREE_AGAIN_S = 5.0
RECEIVER_RATE = "receiver_rate"  # it has a place in the line, which is when it is due


def not_now(claim: Claim, now: datetime, wait_s: float, reason: str) -> GiveBack:
    """Let a row come due again when what stands in its way has passed."""
    if reason == "no_room":
        wait_s = min(wait_s, FREE_AGAIN_S if claim.mailbox_id is None else AGAIN_S)
    return GiveBack(
        send_id=claim.send_id,
        state=State.SCHEDULED,
        due_at=now + timedelta(seconds=wait_s),
        reason=reason,
    )


def expired(claim: Claim, useful_until: datetime) -> GiveBack:
    """End a send that comes too late to be of use."""
    return GiveBack(
        send_id=claim.send_id,
        state=State.EXPIRED,
        due_at=None,
        reason="too_late",
        detail=f"it was of use until {useful_until.isoformat(timespec='minutes')}",
    )


def unknown_campaign(claim: Claim) -> GiveBack:
    """Hold a row whose campaign is no longer in the fleet."""
    return _held(
        claim,
        "campaign_retired",
        "its campaign is not in the fleet any more; apply it again or drop this",
    )


def unknown_zone(claim: Claim) -> GiveBack:
    """Hold a row whose recipient's time zone nobody knows: UTC would be a guess."""
    zone = claim.place.partition(" ")[0]
    detail = f"time zone {zone!r} is unknown here; update tzdata, release it"
    return _held(claim, "unknown_zone", detail)


def uncounted(claim: Claim, now: datetime) -> GiveBack:
    """Return a row because we stop: nobody's failure."""
    return GiveBack(
        send_id=claim.send_id, state=State.SCHEDULED, due_at=now, reason="stopped"
    )


def broken(claim: Claim, error: Exception) -> GiveBack:
    """Hold a row on which our own code failed."""
    detail = f"outreachd failed on it ({type(error).__name__}); see the log"
    return _held(claim, "bug", detail)


def _held(claim: Claim, reason: str, detail: str) -> GiveBack:
    return GiveBack(
        send_id=claim.send_id,
        state=State.HELD,
        due_at=None,
        reason=reason,
        detail=detail,
    )
