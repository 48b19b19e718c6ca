"""When to try a letter again: waits by reason, with an end.

A wait grows from try to try and chance adds up to a part of it, so that what failed
together does not come back together. Where the trouble is ours (login, quota, lists)
the schedule is long and patient: the thing that is at fault is paused meanwhile, and
the letter must not pay for it. No answer after the dot is never tried again from
here. Told ``now`` and the dice (0 <= dice < 1); waits in minutes.
Source: RFC 5321 section 4.5.4.1 (retry intervals, give up after days), RFC 6647
(greylisting).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from outreachd.rules.model import Permanence, Verdict

HOUR = 60.0  # minutes
DAY = 24 * HOUR
SPREAD = 0.2  # share of a wait that chance may add

# Five minutes, doubling; eleven tries in 48 hours.
BACKOFF = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 6 * HOUR, 12 * HOUR, 17 * HOUR)
# Somebody has to mend something first.
PATIENT = (HOUR, 4 * HOUR, 12 * HOUR, DAY, DAY, DAY, DAY)

WAITS: dict[str, tuple[float, ...]] = {
    "soft_network": BACKOFF,
    "soft_expired": BACKOFF,
    "tls": BACKOFF,
    "soft_greylist": (5.0, 30.0, 2 * HOUR, 6 * HOUR),
    "auth_rate_limit": (HOUR, 2 * HOUR, 4 * HOUR, DAY),
    "soft_mailbox_full": (4 * HOUR, DAY, 3 * DAY),
    "remote_error": (15.0, HOUR, 6 * HOUR, DAY),
    "rate_limit": (15.0, 30.0, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, DAY),
    "too_many_recipients": (15.0, HOUR, 4 * HOUR),
    "protocol_error": (HOUR,),
    "quota_sender": (6 * HOUR, 6 * HOUR, 12 * HOUR, DAY, DAY, DAY),
    "auth_credentials": PATIENT,
    "sender_rejected": PATIENT,
    "account_suspended": PATIENT,
    "relay_denied": PATIENT,
    "auth_dmarc": PATIENT,
    "block_reputation": (DAY, DAY, DAY, DAY),
    "block_ip": PATIENT,
    "block_dns": PATIENT,
}
# The first wait is "from .. to": a greylist's window opens some minutes after the first
# try, a lock against too many logins ends after some hours.
WIDE = {"soft_greylist": 2.0, "auth_rate_limit": 3.0}
USUAL = (30.0, 2 * HOUR, 6 * HOUR, DAY)


def retry_at(
    verdict: Verdict, attempts: int, now: datetime, dice: float
) -> datetime | None:
    """Tell when to try again after ``attempts`` tries (1 = the first); None = never."""
    match verdict.permanence:
        case Permanence.ACCEPTED | Permanence.PERMANENT | Permanence.UNKNOWN:
            return None
        case Permanence.TEMPORARY:
            wait_min = _wait_min(verdict.reason, attempts, dice)
        case _:
            assert_never(verdict.permanence)
    return None if wait_min is None else now + timedelta(minutes=wait_min)


def _wait_min(reason: str, attempts: int, dice: float) -> float | None:
    waits = WAITS.get(reason, USUAL)
    if attempts > len(waits):
        return None
    spread = WIDE.get(reason, SPREAD) if attempts == 1 else SPREAD
    return waits[attempts - 1] * (1 + spread * dice)
