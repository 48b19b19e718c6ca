"""Whose fault it is when many senders fail at one receiver at the same time: its own.

A receiver that is down, or says of everybody that they do not exist, makes all who
write to it look ill. If at least half of the sending domains that wrote to it fail
there at once, its answers count against nobody for that time. Three burning domains of
forty are not half. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from outreachd.rules.health import Counts

FAILING = 0.2  # of a domain's letters to the receiver
LETTERS = 5  # of a domain to the receiver: fewer say nothing
DOMAINS = 5  # fewer say nothing either
PART = 0.5  # of those domains


def outages(by_receiver: Mapping[str, Sequence[Counts]]) -> frozenset[str]:
    """Name the receivers that are down; counts are one a sending domain, of late."""
    return frozenset(
        receiver for receiver, counts in by_receiver.items() if _is_down(counts)
    )


def _is_down(by_domain: Sequence[Counts]) -> bool:
    telling = [one for one in by_domain if one.sent >= LETTERS]
    failing = [one for one in telling if _failed(one) >= FAILING * one.sent]
    return len(telling) >= DOMAINS and len(failing) >= PART * len(telling)


def _failed(counts: Counts) -> int:
    return counts.hard + counts.block + counts.soft
