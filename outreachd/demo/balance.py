"""Judges whether the work was spread: over a pool's mailboxes, and between clients.

Pure, over what a server accepted, like the referee. These are measures, not limits:
how even is even enough is for the caller to say. Times are epoch seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from outreachd.demo.referee import Accepted


@dataclass(frozen=True, slots=True)
class Evenness:
    """How evenly a pool was used, at the end and at the worst moment."""

    least: int  # letters of the least used mailbox
    most: int
    widest_lead: int  # letters between most and least used, at the worst moment


@dataclass(frozen=True, slots=True)
class Share:
    """One client's letters, and those its weight entitled it to."""

    got: int
    due: float


@dataclass(frozen=True, slots=True)
class Due:
    """One letter that became due, whose and when."""

    at: float
    client_id: int


def evenness(letters: Iterable[Accepted], pool: Collection[str]) -> Evenness:
    """Measure the use of mailboxes with equal limits.

    Where the longest idle goes first the lead stays near one: whoever has sent waits
    until all others have.
    """
    used = dict.fromkeys(pool, 0)
    having = Counter(used.values())  # how many mailboxes have sent so many
    least = most = widest = 0
    for letter in sorted(letters, key=lambda letter: letter.at):
        if letter.mailbox not in used:
            continue
        sent = used[letter.mailbox]
        used[letter.mailbox] = sent + 1
        having[sent] -= 1
        having[sent + 1] += 1
        most = max(most, sent + 1)
        if not having[least]:  # the last of the least used has caught up
            least += 1
        widest = max(widest, most - least)
    return Evenness(least, most, widest)


def fairness(
    letters: Iterable[Accepted],
    dues: Iterable[Due],
    client_of: Mapping[str, int],
    weights: Mapping[int, float],
) -> dict[int, Share]:
    """Measure each client's share of the letters sent while it had work due.

    Each letter is split by weight between the clients that had work then. Meaningful
    where they compete for the same mailboxes or account, with ``dues`` as they were
    at first: a letter put off by its campaign's calendar is not yet due.
    """
    waiting = Counter(dict.fromkeys(weights, 0))
    got, entitled = Counter[int](), dict.fromkeys(weights, 0.0)
    queue = sorted(dues, key=lambda due: due.at, reverse=True)
    for letter in sorted(letters, key=lambda letter: letter.at):
        while queue and queue[-1].at <= letter.at:
            waiting[queue.pop().client_id] += 1
        ready = [client_id for client_id, n in waiting.items() if n > 0]
        total = sum(weights[client_id] for client_id in ready)
        for client_id in ready:
            entitled[client_id] += weights[client_id] / total
        served = client_of[letter.recipient]
        got[served] += 1
        waiting[served] -= 1
    return {id_: Share(got[id_], entitled[id_]) for id_ in weights}
