"""Whose fault it is when many senders fail at one receiver at the same time: its own.

A receiver that is down, or says of everybody that they do not exist, makes all who
write to it look ill. If at least half of the sending domains that wrote to it of late
fail there, its answers of that time count against nobody. It is looked for in the last
half hour, hour and three hours: a short look sees the first minutes, before anybody
has fallen ill by them, a long one what is slow. Three burning domains of forty are not
half, and fewer than five are never enough. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from outreachd.rules.health import Counts

LOOKS_BACK = (timedelta(minutes=30), timedelta(hours=1), timedelta(hours=3))
FAILING = 0.2  # of a domain's letters to the receiver
LETTERS = 3  # of a domain to the receiver: fewer say nothing
DOMAINS = 5  # that fail: fewer may be ill themselves
PART = 0.5  # of those that wrote


def outages(by_receiver: Mapping[str, Sequence[Counts]]) -> frozenset[str]:
    """Name the receivers that are down; counts are one a sending domain, of late."""
    return frozenset(
        receiver for receiver, counts in by_receiver.items() if _is_down(counts)
    )


def _is_down(by_domain: Sequence[Counts]) -> bool:
    telling = [one for one in by_domain if one.sent >= LETTERS]
    failing = sum(_failed(one) >= FAILING * one.sent for one in telling)
    return failing >= max(DOMAINS, PART * len(telling))


def _failed(counts: Counts) -> int:
    return counts.hard + counts.block + counts.soft
