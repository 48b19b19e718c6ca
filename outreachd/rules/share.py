"""Whose turn it is: a weighted fair share, first between clients, then campaigns.

Each has a virtual time that grows by ``letters / weight``; who is furthest behind
among those that can send now goes first. Nothing is lost when somebody cannot: the
others take the turn. Who was away comes back at the present virtual time: silence
saves up nothing. A pick is an offer, a charge takes it: who was offered a turn and
found no mailbox has used up nothing of anybody's. A refund gives a turn back, as far
as that still lies ahead.

Invariants: the present never goes backwards; nobody's weight counts for less than a
tenth of the mean, so nobody starves. No clock. pick() raises ValueError if nobody can
send, KeyError for an id without a weight; counts for who has left are ignored.

Source: Goyal, Vin, Cheng, "Start-time Fair Queueing", SIGCOMM 1996.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

# Part of the mean weight that everybody has at least.
FLOOR = 0.1


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

    def pick(self, candidates: Mapping[int, Collection[int]]) -> tuple[int, int]:
        """Tell (client, campaign) to be served next; charge() it once it is."""
        client_id = self._clients.pick(c for c, ready in candidates.items() if ready)
        campaign_id = self._campaigns[client_id].pick(candidates[client_id])
        return client_id, campaign_id

    def charge(self, client_id: int, campaign_id: int, n: int = 1) -> None:
        """Count ``n`` letters served."""
        self._advance(client_id, campaign_id, n)

    def refund(self, client_id: int, campaign_id: int, n: int = 1) -> None:
        """Give back ``n`` letters charged but not sent after all."""
        self._advance(client_id, campaign_id, -n)

    def _advance(self, client_id: int, campaign_id: int, n: int) -> None:
        if client_id in self._campaigns:
            self._clients.advance(client_id, n)
            self._campaigns[client_id].advance(campaign_id, n)


class _Turns:
    """One level: a weight and a virtual time for each id."""

    __slots__ = ("_now", "_offer", "_step", "_time")

    def __init__(self) -> None:
        self._now = 0.0  # virtual time of the newest turn that was taken
        self._offer: tuple[float, int] | None = None  # its start, and whose it is
        self._step: dict[int, float] = {}  # virtual time one letter takes
        self._time: dict[int, float] = {}  # virtual time of the next turn

    def set_weights(self, weights: Mapping[int, float]) -> None:
        if not all(weight > 0 for weight in weights.values()):
            raise ValueError(f"a share must be above zero: {dict(weights)}")
        floor = FLOOR * sum(weights.values()) / max(len(weights), 1)
        self._step = {id_: 1 / max(w, floor) for id_, w in weights.items()}
        self._time = {id_: self._time.get(id_, self._now) for id_ in weights}

    def pick(self, ids: Iterable[int]) -> int:
        """Choose the furthest behind; by the smaller id where two are level."""
        now, time = self._now, self._time
        self._offer = min((max(time[id_], now), id_) for id_ in ids)
        return self._offer[1]

    def advance(self, id_: int, n: int) -> None:
        if self._offer is not None and self._offer[1] == id_ and n > 0:
            self._now = self._time[id_] = self._offer[0]
        self._offer = None
        if id_ in self._time:
            self._time[id_] += n * self._step[id_]
