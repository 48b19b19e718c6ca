"""How the week's letters were shared out, while all had work.

All campaigns use all mailboxes. One has work while somebody of its list waits for the
first letter and its hours are open where he lives. Clients are judged over all letters
that left while each had work, a client's campaigns over its letters while each of them
had; follow-ups count, since they are charged too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.week_leavers import Left
from tests.bench.week_plan import CLIENTS, Home, Plan
from tests.bench.week_referee import is_open
from tests.bench.week_sink import Line

TOLERANCE = 0.02
FEW = 4.0  # letters: whose turn it is where a stretch begins or ends


@dataclass(slots=True)
class Share:
    """Who got how many, of those that were shared out while all had work."""

    weights: Mapping[str, int]
    got: Counter[str] = field(default_factory=Counter)

    def due(self, name: str) -> float:
        """Tell what the weight entitles to."""
        weight = self.weights[name] / sum(self.weights.values())
        return self.got.total() * weight

    @property
    def widest(self) -> float:
        """Tell the widest distance from a weight, as a part of what was due."""
        if not self.got:
            return 0.0
        return max(abs(self.got[n] / self.due(n) - 1) for n in self.weights)

    @property
    def is_fair(self) -> bool:
        """Whether nobody is further off than allowed."""
        return all(
            abs(self.got[n] - self.due(n)) <= max(TOLERANCE * self.due(n), FEW)
            for n in self.weights
        )


class Shares:
    """The shares of the clients, and of each client's campaigns."""

    def __init__(self, plan: Plan) -> None:
        self.clients = Share(CLIENTS)
        self.campaigns = {client: Share({}) for client in CLIENTS}
        self._of: dict[str, list[str]] = {client: [] for client in CLIENTS}
        for campaign in plan.campaigns.values():
            self._of[campaign.client].append(campaign.name)
        for client, names in self._of.items():
            weights = {name: plan.campaigns[name].weight for name in names}
            self.campaigns[client] = Share(weights)

    def count(self, lines: Iterable[Line], working: frozenset[str]) -> None:
        """Count the letters of one instant."""
        whole = {c for c, names in self._of.items() if working.issuperset(names)}
        some = all(not working.isdisjoint(names) for names in self._of.values())
        for line in lines:
            client = line.campaign.rpartition("-")[0]
            if some:
                self.clients.got[client] += 1
            if client in whole:
                self.campaigns[client].got[line.campaign] += 1


def shares(plan: Plan, letters: Sequence[Line], left: Iterable[Left]) -> Shares:
    """Measure."""
    found = Shares(plan)
    waiting = _waiting(plan, letters, left)
    instants: dict[float, list[Line]] = {}
    for line in letters:
        instants.setdefault(line.at, []).append(line)
    for at, lines in sorted(instants.items()):
        working = frozenset(
            name
            for name, homes in waiting.items()
            if any(n and is_open(plan.campaigns[name], h, at) for h, n in homes.items())
        )
        found.count(lines, working)
        for line in lines:
            if line.step == 1:
                home = plan.of[line.campaign, line.recipient].home
                waiting[line.campaign][home] -= 1
    return found


def _waiting(
    plan: Plan, letters: Sequence[Line], left: Iterable[Left]
) -> dict[str, Counter[Home]]:
    """Count who waits for the first letter, without those who left before it."""
    gone = {(one.email, one.client) for one in left}
    written = {(line.campaign, line.recipient) for line in letters}
    found: dict[str, Counter[Home]] = {name: Counter() for name in plan.campaigns}
    for whom, person in plan.of.items():
        is_gone = (person.email, person.campaign.client) in gone
        if whom in written or not is_gone:
            found[person.campaign.name][person.home] += 1
    return found
