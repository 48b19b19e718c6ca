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

from outreachd.rules.health import (
    DAY_H,
    RULES,
    Breach,
    Counts,
    Health,
    judge,
)
from outreachd.rules.model import Kind, Ramp
from outreachd.rules.outage import outages
from outreachd.rules.recovery import Standing, after, share
from outreachd.rules.warmup import daily_allowance

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
RAMP = Ramp(start=15, end=400, days=28)
RECEIVERS = {"google": 0.4, "outlook": 0.3, "others": 0.3}
NAMES, SHARES = list(RECEIVERS), list(RECEIVERS.values())
WORKDAY = range(9, 18)
LOOKS_AN_HOUR = 4
LOOK = HOUR / LOOKS_AN_HOUR
BOUNCE_AFTER = timedelta(minutes=10)
COMPLAINT_AFTER = timedelta(hours=12)
OUTAGE_LOOKS_BACK_H = 3
WORDS = ("sent", "hard", "block", "soft", "complaint")
OF_DOMAINS = [rule for rule in RULES if rule.kind is Kind.DOMAIN]
WINDOWS = {rule.window_h for rule in OF_DOMAINS}
ILL = (Health.RESTING, Health.RETIRED)


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the fleet is, and what happens to it."""

    domains: int = 40
    mailboxes: int = 30  # of a domain
    days: int = 90
    burning: int = 3
    outage_day: int = 45


@dataclass(slots=True)
class Finding:
    """What ninety days came to."""

    honest_days: int = 0
    wrongly_rested: int = 0
    mailboxes_rested: int = 0  # of honest domains
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
        # Counts of hours, by receiver: what is older than a week is dropped.
        self.hours: dict[tuple[int, str], list[int]] = {}
        # The same added up, by window; what is older than ``first`` counts no more.
        self.sums = {window: [0] * len(WORDS) for window in WINDOWS}
        self.first = 0
        self.is_changed = False

    def count(self, hour: int, receiver: str, word: int, now_hour: int) -> None:
        """Count a letter or what came back for it, by the hour it was sent in."""
        self.hours.setdefault((hour, receiver), [0] * len(WORDS))[word] += 1
        self.is_changed = True
        if hour >= self.first:
            for window, sums in self.sums.items():
                if hour > now_hour - window:
                    sums[word] += 1

    def leave(self, key: tuple[int, str], now_hour: int) -> None:
        """Count an hour at a receiver no more."""
        for window, sums in self.sums.items():
            if key[0] > now_hour - window and key[0] >= self.first:
                for word, n in enumerate(self.hours.get(key, ())):
                    sums[word] -= n

    def pass_hour(self, now_hour: int, down: set[tuple[int, str]]) -> None:
        """Let an hour slip out of each window."""
        for window, sums in self.sums.items():
            gone = now_hour - window
            for receiver in RECEIVERS:
                if (gone, receiver) not in down and gone >= self.first:
                    for word, n in enumerate(self.hours.get((gone, receiver), ())):
                        sums[word] -= n

    def begin_anew(self, hour: int) -> None:
        """Count only what is sent from now on."""
        self.first = hour
        self.sums = {window: [0] * len(WORDS) for window in WINDOWS}

    def is_burning(self, day: int) -> bool:
        """Whether its lists are bad by now."""
        return self.burns_from is not None and day >= self.burns_from


class Year:
    """A run of the fleet."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.dice = Random(seed)
        fires = {
            id: self.dice.randrange(10, 60)
            for id in self.dice.sample(range(plan.domains), plan.burning)
        }
        self.domains = [Domain(id, fires.get(id)) for id in range(plan.domains)]
        self.finding = Finding()
        self._coming: dict[int, list[tuple[Domain, int, str, str]]] = defaultdict(list)
        self._down: set[tuple[int, str]] = set()  # hours and receivers left out

    def run(self) -> Finding:
        """Live through all days."""
        for day in range(self.plan.days):
            for hour in range(24):
                for domain in self.domains:
                    domain.pass_hour(day * 24 + hour, self._down)
                for quarter in range(LOOKS_AN_HOUR):
                    look = (day * 24 + hour) * LOOKS_AN_HOUR + quarter
                    if hour in WORKDAY:
                        for domain in self.domains:
                            self._send(domain, day, look)
                    self._hear(look)
                    if hour in WORKDAY or quarter == 0:
                        self._judge(look)
            self._end_day(day)
        return self.finding

    def _send(self, domain: Domain, day: int, look: int) -> None:
        cap = daily_allowance(400, RAMP, domain.days_sent) * share(domain.standing)
        mean = cap / (len(WORKDAY) * LOOKS_AN_HOUR)
        n = int(mean) + (self.dice.random() < mean % 1)
        for _ in range(n):
            self._letter(domain, day, look)

    def _letter(self, domain: Domain, day: int, look: int) -> None:
        dice, hour = self.dice, look // LOOKS_AN_HOUR
        [receiver] = dice.choices(NAMES, SHARES)
        burning = domain.is_burning(day)
        domain.count(hour, receiver, 0, hour)
        domain.sent_in_stage += 1
        self.finding.sent += 1
        if burning and not self._has_rested(domain):
            domain.letters_burning += 1
        down = day == self.plan.outage_day and receiver == "google"
        if dice.random() < (0.9 if down else 0.12 if burning else 0.01):
            word = dice.choice(("hard", "block")) if down else "hard"
            self._later(domain, hour, receiver, word, look, BOUNCE_AFTER)
        elif dice.random() < (0.006 if burning else 0.0005):
            self._later(domain, hour, receiver, "complaint", look, COMPLAINT_AFTER)

    def _has_rested(self, domain: Domain) -> bool:
        return domain.standing.fell_at is not None

    def _later(
        self,
        domain: Domain,
        hour: int,
        receiver: str,
        word: str,
        look: int,
        mean: timedelta,
    ) -> None:
        at = look + int(self.dice.expovariate(LOOK / mean)) + 1
        self._coming[at].append((domain, hour, receiver, word))

    def _hear(self, look: int) -> None:
        for domain, hour, receiver, word in self._coming.pop(look, ()):
            if (hour, receiver) not in self._down:
                domain.count(hour, receiver, WORDS.index(word), look // LOOKS_AN_HOUR)

    def _judge(self, look: int) -> None:
        hour = look // LOOKS_AN_HOUR
        now = BEGIN + LOOK * look
        self._look_for_outages(hour)
        for domain in self.domains:
            before = domain.standing
            if not domain.is_changed and before.health is Health.WELL:
                continue
            domain.is_changed = False
            breaches = list(self._breaches(domain, hour))
            standing = after(before, breaches, sent=domain.sent_in_stage, now=now)
            if standing is before:
                continue
            domain.standing = standing
            domain.sent_in_stage = 0
            if standing.fresh_since != before.fresh_since:
                domain.begin_anew(hour)
            self._note(domain, before, hour // 24)

    def _look_for_outages(self, hour: int) -> None:
        hours = range(hour - OUTAGE_LOOKS_BACK_H + 1, hour + 1)
        of_late = {
            receiver: [
                Counts(*map(sum, zip(*_hours(d, receiver, hours), strict=True)))
                for d in self.domains
            ]
            for receiver in RECEIVERS
        }
        for receiver in outages(of_late):
            for key in {(h, receiver) for h in hours} - self._down:
                self._down.add(key)
                for domain in self.domains:
                    domain.leave(key, hour)

    def _breaches(self, domain: Domain, hour: int) -> Iterator[Breach]:
        if domain.standing.health in ILL:
            return
        for rule in OF_DOMAINS:
            counts = Counts(*domain.sums[rule.window_h])
            if breach := judge(rule, counts):
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
        oldest = day * 24 - 8 * DAY_H
        for domain in self.domains:
            sent = sum(c[0] for (h, _), c in domain.hours.items() if h // 24 == day)
            domain.days_sent += sent > 0
            domain.hours = {k: c for k, c in domain.hours.items() if k[0] >= oldest}
            self.finding.honest_days += not domain.is_burning(day)


def _hours(domain: Domain, receiver: str, hours: range) -> list[list[int]]:
    none = [0] * len(WORDS)
    return [domain.hours.get((hour, receiver), none) for hour in hours]


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
    """Run ten years' worth of quarters and print what each came to."""
    print(HEAD)
    for seed in range(seeds):
        print(line(seed, Year(Plan(), seed).run()), flush=True)
