"""What the health rules do to a fleet in ninety days, by chance and by fire.

The rules that the daemon runs, on a virtual clock: 1200 mailboxes on 40 domains, of
which three burn (12 % bounces, 0.6 % complaints) from a day of their own and the rest
are honest (1 % and 0.05 %); one large receiver refuses everybody for a day. Bounces
come back after minutes, complaints after hours. Each seed is another ninety days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from outreachd.rules.health import Breach, Health, judge
from outreachd.rules.health_rules import DAY_H, RULES, WEEK_H
from outreachd.rules.model import Kind, Ramp
from outreachd.rules.outage import LOOKS_BACK, outages
from outreachd.rules.recovery import Standing, after, share
from outreachd.rules.warmup import daily_allowance
from outreachd.rules.windows import QUARTER, QUARTERS, WORDS, Windows

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
RAMP = Ramp(start=15, end=400, days=28)
RECEIVERS = {"google": 0.4, "outlook": 0.3, "others": 0.3}
NAMES, SHARES = list(RECEIVERS), list(RECEIVERS.values())
WORKDAY = range(9, 18)
BOUNCE_AFTER = timedelta(minutes=10)
COMPLAINT_AFTER = timedelta(hours=12)
OF_DOMAINS = [rule for rule in RULES if rule.kind is Kind.DOMAIN]
WINDOWS_H = {rule.window_h for rule in OF_DOMAINS}
ILL = (Health.RESTING, Health.RETIRED)


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the fleet is, and what happens to it."""

    domains: int = 40
    mailboxes: int = 30  # of a domain
    days: int = 90
    burning: int = 3
    fires: tuple[int, int] = (10, 60)  # the days between which they begin
    outage_day: int = 45
    outage_hour: int = 0  # from when on, on that day


@dataclass(slots=True)
class Finding:
    """What ninety days came to."""

    honest_days: int = 0
    wrongly_rested: int = 0
    until_rest: list[int] = field(default_factory=list)  # letters of burning domains
    rested_by_outage: int = 0
    relapses: int = 0
    returns: int = 0  # honest domains that came all the way back
    sent: int = 0


class Domain:
    """One sending domain: what it sends, and how it stands."""

    def __init__(self, id: int, burns_from: int | None) -> None:
        self.id = id
        self.burns_from = burns_from
        self.standing = Standing(since=BEGIN)
        self.days_sent = 0
        self.letters_burning = 0
        self.sent_in_stage = 0
        self.sent_today = 0
        self.windows = Windows(WINDOWS_H)

    def is_burning(self, day: int) -> bool:
        """Whether its lists are bad by now."""
        return self.burns_from is not None and day >= self.burns_from


class Year:
    """A run of the fleet."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.dice = Random(seed)
        fires = {
            id: self.dice.randrange(*plan.fires)
            for id in self.dice.sample(range(plan.domains), plan.burning)
        }
        self.domains = [Domain(id, fires.get(id)) for id in range(plan.domains)]
        self.finding = Finding()
        self._coming: dict[int, list[tuple[Domain, int, str, str]]] = defaultdict(list)
        self._left: set[tuple[int, str]] = set()  # quarters and receivers left out

    def run(self) -> Finding:
        """Live through all days."""
        for day in range(self.plan.days):
            for look in range(day * DAY_H * QUARTERS, (day + 1) * DAY_H * QUARTERS):
                hour = look // QUARTERS % DAY_H
                for domain in self.domains:
                    domain.windows.pass_to(look, self._left)
                if hour in WORKDAY:
                    for domain in self.domains:
                        self._send(domain, look)
                self._hear(look)
                if hour in WORKDAY or look % QUARTERS == 0:
                    self._judge(look)
            self._end_day(day)
        return self.finding

    def _send(self, domain: Domain, look: int) -> None:
        cap = daily_allowance(400, RAMP, domain.days_sent) * share(domain.standing)
        mean = cap / (len(WORKDAY) * QUARTERS)
        n = int(mean) + (self.dice.random() < mean % 1)
        domain.sent_today += n
        for _ in range(n):
            self._letter(domain, look)

    def _letter(self, domain: Domain, look: int) -> None:
        dice = self.dice
        [receiver] = dice.choices(NAMES, SHARES)
        burning = domain.is_burning(_day(look))
        domain.windows.count(look, receiver, 0, now=look)
        domain.sent_in_stage += 1
        self.finding.sent += 1
        if burning and domain.standing.fell_at is None:
            domain.letters_burning += 1
        down = self._is_down(look) and receiver == "google"
        if dice.random() < (0.9 if down else 0.12 if burning else 0.01):
            word = dice.choice(("hard", "block")) if down else "hard"
            self._later(domain, receiver, word, look, BOUNCE_AFTER)
        elif dice.random() < (0.006 if burning else 0.0005):
            self._later(domain, receiver, "complaint", look, COMPLAINT_AFTER)

    def _is_down(self, look: int) -> bool:
        hours = look // QUARTERS - self.plan.outage_day * DAY_H
        return self.plan.outage_hour <= hours < DAY_H

    def _later(
        self, domain: Domain, receiver: str, word: str, look: int, mean: timedelta
    ) -> None:
        at = look + int(self.dice.expovariate(QUARTER / mean)) + 1
        self._coming[at].append((domain, look, receiver, word))

    def _hear(self, look: int) -> None:
        for domain, sent_at, receiver, word in self._coming.pop(look, ()):
            if (sent_at, receiver) not in self._left:
                domain.windows.count(sent_at, receiver, WORDS.index(word), now=look)

    def _judge(self, look: int) -> None:
        now = BEGIN + QUARTER * look
        self._look_for_outages(look)
        for domain in self.domains:
            before = domain.standing
            if not domain.windows.is_changed and before.health is Health.WELL:
                continue
            domain.windows.is_changed = False
            breaches = list(self._breaches(domain))
            standing = after(before, breaches, sent=domain.sent_in_stage, now=now)
            if standing is before:
                continue
            domain.standing = standing
            domain.sent_in_stage = 0
            if standing.fresh_since != before.fresh_since:
                domain.windows.begin_anew(look)
            self._note(domain, before, _day(look))

    def _look_for_outages(self, look: int) -> None:
        for back in LOOKS_BACK:
            quarters = range(look + 1 - back // QUARTER, look + 1)
            receivers = {r for d in self.domains for r in d.windows.receivers(quarters)}
            of_late = {
                receiver: [d.windows.at(quarters, receiver) for d in self.domains]
                for receiver in receivers
            }
            for receiver in outages(of_late):
                for quarter in quarters:
                    self._leave(quarter, receiver, look)

    def _leave(self, quarter: int, receiver: str, look: int) -> None:
        if (quarter, receiver) not in self._left:
            self._left.add((quarter, receiver))
            for domain in self.domains:
                domain.windows.leave(quarter, receiver, now=look)

    def _breaches(self, domain: Domain) -> Iterator[Breach]:
        if domain.standing.health in ILL:
            return
        for rule in OF_DOMAINS:
            if breach := judge(rule, domain.windows.within(rule.window_h)):
                yield breach

    def _note(self, domain: Domain, before: Standing, day: int) -> None:
        now, finding = domain.standing, self.finding
        fell = now.health in ILL
        if fell and domain.is_burning(day):
            if before.fell_at is None:
                finding.until_rest.append(domain.letters_burning)
            elif before.health is Health.TIRED and before.stage:
                finding.relapses += 1
        elif fell and day in (self.plan.outage_day, self.plan.outage_day + 1):
            finding.rested_by_outage += 1
        elif fell:
            finding.wrongly_rested += 1
        if now.health is Health.WELL and before.stage:
            finding.returns += not domain.is_burning(day)

    def _end_day(self, day: int) -> None:
        oldest = (day * DAY_H - WEEK_H - DAY_H) * QUARTERS
        for domain in self.domains:
            domain.days_sent += domain.sent_today > 0
            domain.sent_today = 0
            domain.windows.forget(oldest)
            self.finding.honest_days += not domain.is_burning(day)


def _day(look: int) -> int:
    return look // (QUARTERS * DAY_H)


def line(seed: int, finding: Finding) -> str:
    """Say what a run came to."""
    rate = 1000 * finding.wrongly_rested / finding.honest_days
    return (
        f"{seed:4}  {finding.sent:9,}  {finding.honest_days:6}  {rate:6.2f}  "
        f"{', '.join(map(str, finding.until_rest)):>16}  "
        f"{finding.rested_by_outage:6}  {finding.relapses:8}"
    )


HEAD = (
    "seed    letters  honest   wrong  burning rested    outage  relapses\n"
    "                   days  /1000  after letters     rested    caught"
)


async def main(seeds: int = 10) -> None:
    """Run ten quarters of a year and print what each came to."""
    print(HEAD)
    for seed in range(seeds):
        print(line(seed, Year(Plan(), seed).run()), flush=True)
