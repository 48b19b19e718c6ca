"""A bucket for a daemon that begins: a restart grants nothing.

It holds what it would hold had it been empty one filling time ago and spent what the
ledger saw since: never more than the bucket that was lost.
"""

from __future__ import annotations

from collections.abc import Iterable

from outreachd.rules.bucket import TokenBucket, pace


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
