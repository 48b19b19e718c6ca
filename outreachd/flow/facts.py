"""What the ledger knows about the recent past, for a pool that begins.

A restart grants nothing: days start from what was used, hours and gaps from the
letters of the last hour, buckets from what they would hold had they been empty one
filling time ago and spent what the ledger saw since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from outreachd.rules.bucket import TokenBucket, pace
from outreachd.rules.model import Kind


@dataclass(frozen=True, slots=True)
class Recent:
    """One attempt of the last hour."""

    mailbox_id: int
    account_id: int
    at: datetime  # its end, or its start while nobody knows the end


@dataclass(frozen=True, slots=True)
class Facts:
    """Use by thing and local day, days with sending, and the last hour's attempts."""

    used: Mapping[tuple[Kind, int, date], int] = field(default_factory=dict)
    days_sent: Mapping[tuple[Kind, int], int] = field(default_factory=dict)
    recent: Sequence[Recent] = ()


def bucket_after(
    limit: float, period_s: float, spent: Iterable[float], *, mono: float
) -> TokenBucket:
    """Make the bucket that is surely not too full. ``spent``: monotonic seconds."""
    rate, capacity = pace(limit, period_s)
    start = mono - capacity / rate
    bucket = TokenBucket(rate=rate, capacity=capacity, tokens=0.0, updated=start)
    for at in sorted(at for at in spent if at > start):
        if bucket.seconds_until(1, now=at) == 0:
            bucket.take(1, now=at)
        else:
            bucket = TokenBucket(rate=rate, capacity=capacity, tokens=0.0, updated=at)
    return bucket
