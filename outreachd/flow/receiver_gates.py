"""What stands between a letter and its receiver, for people: rests and rates.

Asks what the feed asks of each letter that it has claimed. Nothing is lined up or
taken by looking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.flow.receivers import Receivers
from outreachd.flow.shaping import Shaping
from outreachd.rules.admission import Gate
from outreachd.rules.returns import RECEIVER_RATE


def rest_gates(
    email: str, lane: Lane, shaping: Shaping, now: datetime
) -> Iterator[Gate]:
    """Say which receiver wants no more of the sender for now."""
    domain = lane.domain.domain
    for slow in shaping.closing(
        email, account_ids=domain.account_ids, domain_id=domain.id, now=now
    ):
        yield Gate(
            f"receiver {slow.receiver}: wants no more of this {slow.kind}",
            slow.reason,
            "nothing of the kind",
            "what it said",
            (slow.until - now).total_seconds(),
        )


def rate_gates(
    row: Mapping[str, Any],
    lane: Lane,
    pool: Pool,
    receivers: Receivers,
    now: datetime,
    mono: float,
) -> Iterator[Gate]:
    """Say at which pace the account writes to the receiver, where that is limited."""
    email = row["contact"]
    pace = receivers.pace(email, lane, now, mono)
    if pace is None:
        return
    wait_s = pace.wait_s(mono)
    if wait_s > 0 and row["reason"] != RECEIVER_RATE:  # it has no place in the line yet
        wait_s = pace.place_s(mono)
    account = pool.accounts[pool.way_out(lane, now, mono)].name
    yield Gate(
        f"account {account}: rate to {receivers.of(email)}",
        f"{pace.bucket.available(now=mono):.1f} in hand",
        f"{pace.limit} a minute",
        "account.receiver_rates",
        wait_s,
    )
