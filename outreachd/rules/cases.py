"""Who is to be judged: mailboxes, domains, accounts and clients, each with its counts.

Made of what the ledger has counted by mailbox, account, client and window. A domain's
counts are those of its mailboxes; who began anew has counts of their own, since then.
Windows hold one another: the larger one has all of the smaller one's letters. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from outreachd.rules.health import NOTHING, Counts
from outreachd.rules.model import Kind
from outreachd.rules.recovery import Standing
from outreachd.rules.watch import ByWindow, Case

Key: TypeAlias = tuple[Kind, int]
ALL: Key = (Kind.FLEET, 0)


class Stood(Struct, frozen=True):
    """How somebody stands in the database, and whether a pause is on them."""

    standing: Standing
    is_paused: bool


# Out of the collector's sight, as counts are: there are many, and no circles of them.
class Row(Struct, frozen=True, gc=False):
    """Counts of a mailbox by one account for one client, in one window.

    Each letter is in the smallest window that holds it.
    """

    mailbox_id: int
    account_id: int
    client_id: int
    hours: int
    counts: Counts


class Fresh(Struct, frozen=True, gc=False):
    """Counts of one who began anew, in one window; None = older than any."""

    hours: int | None
    since_stage: int
    counts: Counts


class Tally(Struct, frozen=True):
    """Letters of a quarter, and what came back for them."""

    quarter: datetime
    mailbox_id: int
    domain_id: int
    account_id: int
    client_id: int
    receiver: str
    counts: Counts


class Book(Struct, frozen=True, kw_only=True):
    """All that the watch is told."""

    windows_h: Sequence[int]
    rows: Sequence[Row]
    fresh: Mapping[Key, Sequence[Fresh]]
    stood: Mapping[Key, Stood]
    deaf: AbstractSet[int]  # mailboxes


def cases(
    book: Book,
    domain_of: Mapping[int, int],
    others: Iterable[Key],
    now: datetime,
) -> Iterator[Case]:
    """Make a case of everybody: mailboxes (``domain_of``), domains and others."""
    counted = _counted(book, domain_of)
    boxes, deaf = _by_domain(domain_of, book.deaf)
    keys = [(Kind.MAILBOX, id) for id in domain_of]
    for kind, id in (*keys, *others):
        stood = book.stood.get((kind, id))
        parent: ByWindow = {}
        if kind is Kind.MAILBOX:
            parent = counted.get((Kind.DOMAIN, domain_of[id]), {})
        yield Case(
            kind=kind,
            id=id,
            standing=stood.standing if stood else Standing(since=now),
            counts=counted.get((kind, id), {}),
            parent=parent,
            fleet=counted.get(ALL, {}),
            sent_in_stage=sum(f.since_stage for f in book.fresh.get((kind, id), ())),
            deaf=deaf.get(id, 0) if kind is Kind.DOMAIN else 0,
            mailboxes=boxes.get(id, 0) if kind is Kind.DOMAIN else 0,
            is_paused=stood.is_paused if stood else False,
        )


def _counted(book: Book, domain_of: Mapping[int, int]) -> dict[Key, ByWindow]:
    sums: dict[Key, dict[int, Counts]] = defaultdict(dict)
    for row in book.rows:
        keys = [
            (Kind.MAILBOX, row.mailbox_id),
            (Kind.ACCOUNT, row.account_id),
            (Kind.CLIENT, row.client_id),
            ALL,
        ]
        if row.mailbox_id in domain_of:
            keys.append((Kind.DOMAIN, domain_of[row.mailbox_id]))
        for key in keys:
            of_key = sums[key]
            of_key[row.hours] = of_key.get(row.hours, NOTHING) + row.counts
    for key, stood in book.stood.items():
        if stood.standing.fresh_since is not None and key in sums:
            of_fresh = book.fresh.get(key, ())
            sums[key] = {f.hours: f.counts for f in of_fresh if f.hours is not None}
    return {key: nested(found, book.windows_h) for key, found in sums.items()}


def nested(found: Mapping[int, Counts], windows_h: Sequence[int]) -> ByWindow:
    """Let each window hold the smaller ones, in which each letter is but once."""
    total, whole = NOTHING, {}
    for hours in sorted(windows_h):
        total += found.get(hours, NOTHING)
        whole[hours] = total
    return whole


def _by_domain(
    domain_of: Mapping[int, int], deaf: AbstractSet[int]
) -> tuple[dict[int, int], dict[int, int]]:
    """Count the mailboxes of each domain, and the deaf ones among them."""
    boxes: dict[int, int] = defaultdict(int)
    silent: dict[int, int] = defaultdict(int)
    for id, domain_id in domain_of.items():
        boxes[domain_id] += 1
        silent[domain_id] += id in deaf
    return boxes, silent
