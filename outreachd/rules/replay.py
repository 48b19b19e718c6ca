"""What other rules would have done: the recorded past, hour by hour, judged again.

The same watch, the same outages left out, the same way down and up as in the daemon.
One thing cannot be replayed: who would have rested has sent all the same, so while
somebody rests here their letters are not counted. Pure; the past is told in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from outreachd.rules.cases import Key, Tally
from outreachd.rules.health import Health, Measure, Mode, Rule
from outreachd.rules.model import Kind
from outreachd.rules.outage import LOOKS_BACK, outages
from outreachd.rules.recovery import Standing
from outreachd.rules.watch import ILL, NOTED_AGAIN, Case, Decision, decide
from outreachd.rules.windows import QUARTERS, WORDS, Windows, begin_of, quarter_of

HOUR = timedelta(hours=1)
WEEK_QUARTERS = 7 * 24 * QUARTERS


def replay(
    past: Iterable[Tally], rules: Sequence[Rule], until: datetime
) -> list[tuple[datetime, Decision]]:
    """Judge the past by some rules; tell each decision with its hour."""
    return list(_Replay(rules).run(past, until))


class _Replay:
    def __init__(self, rules: Sequence[Rule]) -> None:
        # Silence cannot be replayed: who could be heard is not recorded.
        self._rules = [r for r in rules if r.measure is not Measure.SILENCE]
        self._hours = sorted({rule.window_h for rule in self._rules})
        self._windows: dict[Key, Windows] = {}
        self._standings: dict[Key, Standing] = {}
        self._sent: dict[Key, int] = defaultdict(int)  # in the present stage
        self._domain_of: dict[int, int] = {}
        self._left: set[tuple[int, str]] = set()
        self._noted: dict[tuple[Kind, int, str], datetime] = {}
        self._now = 0  # quarter

    def run(
        self, past: Iterable[Tally], until: datetime
    ) -> Iterator[tuple[datetime, Decision]]:
        for quarter, rows in groupby(past, lambda row: quarter_of(row.quarter)):
            yield from self._pass_to(quarter)
            for row in rows:
                self._count(row, quarter)
        yield from self._pass_to(quarter_of(until))

    def _pass_to(self, quarter: int) -> Iterator[tuple[datetime, Decision]]:
        """Let time pass, and judge at the end of each hour."""
        self._now = self._now or quarter
        while self._now < quarter:
            if (self._now + 1) % QUARTERS == 0:
                yield from self._judge(begin_of(self._now + 1))
            self._now += 1
            for windows in self._windows.values():
                windows.pass_to(self._now, self._left)
                if self._now % QUARTERS == 0:
                    windows.forget(self._now - WEEK_QUARTERS * 2)

    def _count(self, row: Tally, quarter: int) -> None:
        self._domain_of[row.mailbox_id] = row.domain_id
        keys = [
            (Kind.MAILBOX, row.mailbox_id),
            (Kind.DOMAIN, row.domain_id),
            (Kind.ACCOUNT, row.account_id),
            (Kind.CLIENT, row.client_id),
        ]
        if any(self._health(key) in ILL for key in keys):
            return
        for key in keys:
            windows = self._windows.setdefault(key, Windows(self._hours))
            self._sent[key] += row.counts.sent
            for word, name in enumerate(WORDS):
                if n := getattr(row.counts, name):
                    windows.count(quarter, row.receiver, word, now=self._now, n=n)

    def _judge(self, now: datetime) -> Iterator[tuple[datetime, Decision]]:
        self._look_for_outages()
        counted = {
            key: {hours: windows.within(hours) for hours in self._hours}
            for key, windows in self._windows.items()
        }
        for kind, id in list(counted):
            key = (kind, id)
            is_box = kind is Kind.MAILBOX
            domain = (Kind.DOMAIN, self._domain_of[id]) if is_box else None
            case = Case(
                kind=kind,
                id=id,
                standing=self._standings.get(key) or Standing(since=now),
                counts=counted[key],
                parent=counted.get(domain, {}) if domain else {},
                fleet={},
                sent_in_stage=self._sent[key],
            )
            standing, decisions = decide(case, self._rules, now)
            if standing is not case.standing:
                self._step(key, standing)
            yield from ((now, one) for one in decisions if self._is_news(one, now))

    def _is_news(self, one: Decision, now: datetime) -> bool:
        """Tell whether it was not said of late: who only observes speaks once a day."""
        if one.mode is Mode.ENFORCE:
            return True
        key = (one.kind, one.id, one.rule)
        before = self._noted.get(key)
        if before is not None and now - before <= NOTED_AGAIN:
            return False
        self._noted[key] = now
        return True

    def _step(self, key: Key, standing: Standing) -> None:
        before = self._standings.get(key)
        self._standings[key] = standing
        self._sent[key] = 0
        fresh = before.fresh_since if before else None
        if standing.fresh_since != fresh:
            self._windows[key].begin_anew(self._now + 1)

    def _look_for_outages(self) -> None:
        domains = [w for (kind, _), w in self._windows.items() if kind is Kind.DOMAIN]
        for back in LOOKS_BACK:
            quarters = range(self._now + 1 - int(back / HOUR * QUARTERS), self._now + 1)
            receivers = {one for w in domains for one in w.receivers(quarters)}
            of_late = {r: [w.at(quarters, r) for w in domains] for r in receivers}
            for receiver in outages(of_late):
                self._leave(quarters, receiver)

    def _leave(self, quarters: range, receiver: str) -> None:
        for quarter in quarters:
            if (quarter, receiver) not in self._left:
                self._left.add((quarter, receiver))
                for windows in self._windows.values():
                    windows.leave(quarter, receiver, now=self._now)

    def _health(self, key: Key) -> Health:
        standing = self._standings.get(key)
        return standing.health if standing else Health.WELL


def rested(decisions: Iterable[tuple[datetime, Decision]]) -> Mapping[Key, datetime]:
    """Tell who fell ill, and when first."""
    found: dict[Key, datetime] = {}
    for at, one in decisions:
        if one.brings in ILL:
            found.setdefault((one.kind, one.id), at)
    return found
