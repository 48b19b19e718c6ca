"""Whose turn it is: a weighted fair share, first between clients, then campaigns.

Each has a virtual time that grows by ``letters / weight``; who is furthest behind
among those that can send now goes first. Nothing is lost when somebody cannot: the
others take the turn, and its place in the race stays what it was. A refund gives a
turn back. Nobody's weight counts for less than a tenth of the mean, so nobody starves.
No clock. pick() raises ValueError if nobody can send, KeyError for an id without a
weight; counts for who has left are ignored.
Source: Goyal, Vin, Cheng, "Start-time Fair Queueing", SIGCOMM 1996.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

# Part of the mean weight that everybody has at least.
FLOOR = 0.1

# Letters after which who got none of them no longer says where the present is.
LATELY = 1000


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is next: the first place is served first."""

    place: int
    of: int  # how many have work now
    part: float  # of the letters, while all have work


class FairShare:
    """Two levels of turns: clients, and the campaigns of each client."""

    def __init__(self) -> None:
        self._clients = _Turns()
        self._campaigns: dict[int, _Turns] = {}

    def set_weights(
        self, clients: Mapping[int, float], campaigns: Mapping[int, tuple[int, float]]
    ) -> None:
        """Take the fleet's weights: client id, and campaign id -> (client id, weight).

        Who stays keeps its place in the turns; who is new starts at the present.
        """
        weights: dict[int, dict[int, float]] = {client_id: {} for client_id in clients}
        for campaign_id, (client_id, weight) in campaigns.items():
            weights[client_id][campaign_id] = weight
        self._clients.set_weights(clients)
        known = self._campaigns
        self._campaigns = {id_: known.get(id_, _Turns()) for id_ in clients}
        for client_id, of_client in weights.items():
            self._campaigns[client_id].set_weights(of_client)

    def working(self, ready: Mapping[int, Collection[int]]) -> None:
        """Say who has work now: campaigns by client. Who is not named has none."""
        self._clients.working(ready)
        for client_id, campaigns in self._campaigns.items():
            campaigns.working(ready.get(client_id, ()))

    def pick(self, candidates: Mapping[int, Collection[int]]) -> tuple[int, int]:
        """Tell (client, campaign) to be served next; charge() it once it is."""
        client_id = self._clients.pick(c for c, ready in candidates.items() if ready)
        campaign_id = self._campaigns[client_id].pick(candidates[client_id])
        return client_id, campaign_id

    def charge(self, client_id: int, campaign_id: int, n: int = 1) -> None:
        """Count ``n`` letters served."""
        self._advance(client_id, campaign_id, n)

    def refund(self, client_id: int, campaign_id: int) -> None:
        """Give back a letter charged but not sent after all."""
        self._advance(client_id, campaign_id, -1)

    def turn(self, client_id: int, campaign_id: int) -> tuple[Turn, Turn]:
        """Tell where a client and a campaign of it stand among those with work."""
        campaigns = self._campaigns[client_id]
        return self._clients.turn(client_id), campaigns.turn(campaign_id)

    def _advance(self, client_id: int, campaign_id: int, n: int) -> None:
        if client_id in self._campaigns:
            self._clients.advance(client_id, n)
            self._campaigns[client_id].advance(campaign_id, n)


def parts(weights: Mapping[int, float]) -> dict[int, float]:
    """Tell what part of the letters is each one's while all have work."""
    floored = _floored(weights)
    whole = sum(floored.values())
    return {id_: weight / whole for id_, weight in floored.items()}


def _floored(weights: Mapping[int, float]) -> dict[int, float]:
    floor = FLOOR * sum(weights.values()) / max(len(weights), 1)
    return {id_: max(weight, floor) for id_, weight in weights.items()}


class _Turns:
    """One level: a weight and a virtual time for each id.

    Only who had no work comes back at the present: silence saves up nothing, and who
    sent alone meanwhile owes nobody. The present is where the slowest stands who has
    work and was served lately; a client that sends fast by mailboxes of its own must
    not push the others' places aside. While no first touch waits it goes along with
    the follow-ups that are served: they take nobody's turn.
    """

    __slots__ = (
        "_count",
        "_last",
        "_now",
        "_part",
        "_start",
        "_step",
        "_time",
        "_working",
    )

    def __init__(self) -> None:
        self._count = 0  # letters served
        self._last: dict[int, int] = {}  # the count at the newest turn
        self._now = 0.0  # the present, when somebody had work last
        self._part: dict[int, float] = {}
        self._start: dict[int, float] = {}  # virtual time at which that turn began
        self._step: dict[int, float] = {}  # virtual time one letter takes
        self._time: dict[int, float] = {}  # virtual time of the next turn
        self._working: frozenset[int] = frozenset()

    def set_weights(self, weights: Mapping[int, float]) -> None:
        if not all(weight > 0 for weight in weights.values()):
            raise ValueError(f"a share must be above zero: {dict(weights)}")
        present = self._present()
        self._part = parts(weights)
        self._step = {id_: 1 / weight for id_, weight in _floored(weights).items()}
        self._time = {id_: self._time.get(id_, present) for id_ in weights}
        self._start = {i: t for i, t in self._start.items() if i in weights}

    def working(self, ids: Iterable[int]) -> None:
        now = frozenset(ids)
        if now != self._working:
            self._now = self._present()
            self._bring_up(now)
            self._working = now

    def pick(self, ids: Iterable[int]) -> int:
        """Choose the furthest behind; by the smaller id where two are level."""
        asked = frozenset(ids)
        self._bring_up(asked)
        self._working |= asked
        return min((self._time[id_], id_) for id_ in asked)[1]

    def turn(self, id_: int) -> Turn:
        ids = (self._working & self._time.keys()) | {id_}  # some may have left
        racing = sorted((self._time[i], i) for i in ids)
        place = racing.index((self._time[id_], id_)) + 1
        return Turn(place, len(racing), self._part[id_])

    def advance(self, id_: int, n: int) -> None:
        if id_ not in self._time:
            return
        if n > 0:
            self._bring_up((id_,))
            self._count += n
            self._last[id_], self._start[id_] = self._count, self._time[id_]
            if not self._working:  # a follow-up: it took nobody's turn
                self._now = max(self._now, self._time[id_])
        self._time[id_] += n * self._step[id_]

    def _bring_up(self, ids: Iterable[int]) -> None:
        """Put those who had no work where the present is."""
        if back := [id_ for id_ in ids if id_ not in self._working]:
            present = self._present()
            for id_ in back:
                self._time[id_] = max(self._time[id_], present)

    def _present(self) -> float:
        since = self._count - LATELY
        working = [
            start
            for id_, start in self._start.items()
            if self._last[id_] > since and id_ in self._working
        ]
        return min(working, default=self._now)
