"""The places of the pool: lanes, domains, cells; how they begin and are retuned.

A place joins what was applied (``rules/model``) with where it stands
(``rules/admission``). Made from the ledger's facts; a place that exists already keeps
its counts when the fleet is applied again and only takes on the new limits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from math import inf

from outreachd.rules.admission import MailboxStanding, Standing, gap_s
from outreachd.rules.bucket import TokenBucket, pace
from outreachd.rules.calendar import workday_closing, workday_opening
from outreachd.rules.meter import DayMeter, Hours
from outreachd.rules.model import (
    Account,
    Client,
    Domain,
    Kind,
    Mailbox,
    Ramp,
    Roster,
)
from outreachd.rules.records import Facts
from outreachd.rules.restart import bucket_after
from outreachd.rules.window import RecentLog

HOUR_S = 3600.0
MINUTE_S = 60.0


@dataclass(slots=True, eq=False)
class Lane:
    """One mailbox on its way from letter to letter."""

    standing: MailboxStanding
    domain: DomainPlace
    idle_since: float  # monotonic; the longest idle goes first
    cell: Cell | None = None
    follow_due: float = inf  # wall seconds: when its earliest bound row is due
    ticket: int = 0  # a heap entry with another number is out of date
    is_busy: bool = False

    @property
    def id(self) -> int:
        """The mailbox's id."""
        return self.standing.box.id


@dataclass(slots=True, eq=False)
class DomainPlace:
    """A sending domain, its ways out and its standing."""

    domain: Domain
    standing: Standing


@dataclass(slots=True, eq=False)
class Cell:
    """Ready lanes of one domain that serve the same campaigns, longest idle first."""

    domain: DomainPlace
    ready: list[tuple[float, int, int, Lane]] = field(default_factory=list)
    size: int = 0  # lanes that stand here, ready or not


class Builder:
    """Makes places from models and facts, or retunes those that exist."""

    def __init__(
        self, roster: Roster, facts: Facts, *, now: datetime, mono: float
    ) -> None:
        self._facts = facts
        self._now = now
        self._mono = mono
        self._workdays: dict[tuple[int, int, tzinfo], Hours] = {}
        self._mailbox_spent: dict[int, list[float]] = {}
        self._domain_spent: dict[int, list[float]] = {}
        self._account_spent: dict[int, list[float]] = {}
        for recent in facts.recent:
            at = mono - max((now - recent.at).total_seconds(), 0.0)
            self._account_spent.setdefault(recent.account_id, []).append(at)
            box = roster.mailboxes.get(recent.mailbox_id)
            if box is not None:
                self._mailbox_spent.setdefault(box.id, []).append(at)
                self._domain_spent.setdefault(box.domain_id, []).append(at)

    def client(self, client: Client, old: Standing | None) -> Standing:
        """Make or retune a client's standing."""
        standing = old or Standing(Kind.CLIENT, client.name)
        limit = client.daily_limit
        standing.day = self._day(Kind.CLIENT, client.id, limit, None, client, standing)
        return standing

    def account(self, account: Account, old: Standing | None) -> Standing:
        """Make or retune an account's standing."""
        standing = old or Standing(Kind.ACCOUNT, account.name)
        limit = account.daily_limit
        standing.day = self._day(
            Kind.ACCOUNT, account.id, limit, None, account, standing
        )
        standing.bucket = self._bucket(
            account.rate_per_second, 1.0, self._account_spent.get(account.id, ()), old
        )
        standing.rate = f"{account.rate_per_second:g} a second"
        standing.rate_setting = "rate_per_second"
        return standing

    def domain(self, domain: Domain, old: DomainPlace | None) -> DomainPlace:
        """Make or retune a domain's place."""
        standing = old.standing if old else Standing(Kind.DOMAIN, domain.name)
        standing.day = self._day(
            Kind.DOMAIN, domain.id, domain.daily_limit, domain.ramp, domain, standing
        )
        standing.bucket = self._bucket(
            domain.rate_per_minute,
            MINUTE_S,
            self._domain_spent.get(domain.id, ()),
            old.standing if old else None,
        )
        standing.rate = f"{domain.rate_per_minute:g} a minute"
        standing.rate_setting = "rate_per_minute"
        place = old or DomainPlace(domain, standing)
        place.domain = domain
        return place

    def lane(self, box: Mailbox, domain: DomainPlace, old: Lane | None) -> Lane:
        """Make or retune a mailbox's lane."""
        if old is None:
            return self._new_lane(box, domain)
        standing = old.standing
        standing.box = box
        standing.hour.resize(box.hourly_limit)
        standing.hours = self._hours(box)
        standing.day = self._day(
            Kind.MAILBOX, box.id, box.daily_limit, box.ramp, box, standing
        )
        old.domain = domain
        return old

    def _new_lane(self, box: Mailbox, domain: DomainPlace) -> Lane:
        spent = self._mailbox_spent.get(box.id, [])
        hour = RecentLog(box.hourly_limit, HOUR_S)
        hour.load(spent)
        last = max(spent, default=-inf)
        standing = MailboxStanding(
            box=box,
            day=self._day(Kind.MAILBOX, box.id, box.daily_limit, box.ramp, box, None),
            hours=self._hours(box),
            hour=hour,
            # The jitter drawn before the restart is forgotten: take the longest.
            free_at=last + gap_s(box, 1.0) if spent else self._mono,
        )
        return Lane(standing, domain, idle_since=last)

    def _hours(self, box: Mailbox) -> Hours:
        """Find the workday; mailboxes with the same one share what is known of it."""
        key = box.workday_start_min, box.workday_end_min, box.timezone
        hours = self._workdays.get(key)
        if hours is None:
            hours = self._workdays[key] = Hours(
                lambda at: workday_opening(at, *key),
                lambda at: workday_closing(at, *key),
                self._now,
            )
        return hours

    def _day(
        self,
        kind: Kind,
        id: int,
        limit: int | None,
        ramp: Ramp | None,
        zoned: Client | Account | Domain | Mailbox,
        old: Standing | MailboxStanding | None,
    ) -> DayMeter:
        if old is not None and old.day is not None and old.day.zone == zoned.timezone:
            old.day.tune(limit, ramp)
            return old.day  # its share follows at the next look
        meter = DayMeter(limit, ramp, zoned.timezone, now=self._now)
        used = self._facts.used.get((kind, id, meter.day.date), 0)
        meter.begin(used=used, days_sent=self._facts.days_sent.get((kind, id), 0))
        meter.slow(self._facts.shares.get((kind, id), 1.0))
        return meter

    def _bucket(
        self,
        limit: float,
        period_s: float,
        spent: Iterable[float],
        old: Standing | None,
    ) -> TokenBucket:
        if old is None or old.bucket is None:
            return bucket_after(limit, period_s, spent, mono=self._mono)
        rate, capacity = pace(limit, period_s)
        old.bucket.retune(rate=rate, capacity=capacity, now=self._mono)
        return old.bucket
