"""Every metric, with its sentence.

Names begin with ``outreachd_``; label values come from the fleet or from our own
enums, never an address, an id or text a server chose, and each set of them is bounded:
what is beyond the bound counts as ``other``. Durations are seconds. Everything here is
touched by the loop's thread only, but ``render()``, which may run in another.
docs/operating.md lists the same names. Source: prometheus_client documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from outreachd.rules.finding import Check, Finding
from outreachd.rules.standstill import Cause

# Series of one metric; at some 25 us each a scrape of all stays under 100 ms.
MAX_SEND_SERIES = 2000
MAX_LABEL_VALUES = 50
OTHER = "other"

HEALTHS: Final = ("well", "tired", "resting", "retired")
NOTICE_KINDS: Final = ("dsn", "arf", "autoreply", "reply", "unsubscribe", OTHER)
# What was done about one: rules/actions says when.
NOTICE_ACTIONS: Final = (
    "answered", "complained", "delayed", "delivered", "failed", "failed_auth",
    "left_company", "noted", "opted_out", "other_recipient", "out_of_office",
    "suppressed", "too_old", "unmatched", "unproven", OTHER,
)  # fmt: skip


class Shown:
    """A gauge with one label whose values are replaced all at once."""

    def __init__(self, gauge: Gauge, first: tuple[str, ...] = ()) -> None:
        self._gauge = gauge
        self._children = {value: gauge.labels(value) for value in first}

    def show(self, counts: Mapping[str, float]) -> None:
        """Show these counts; a value that is not among them any more becomes 0."""
        folded: dict[str, float] = dict.fromkeys(self._children, 0.0)
        for value, count in counts.items():
            name = value if value in folded or self._has_room(folded) else OTHER
            folded[name] = folded.get(name, 0.0) + count
        for name, count in folded.items():
            if name not in self._children:
                self._children[name] = self._gauge.labels(name)
            self._children[name].set(count)

    def _has_room(self, folded: Mapping[str, float]) -> bool:
        return len(folded) < MAX_LABEL_VALUES


class Metrics:
    """All metrics of one daemon, in a registry of their own."""

    def __init__(self) -> None:
        # Else each counter is exported twice. The library ships no type for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._sends: dict[tuple[str, str, str, str], Counter] = {}
        self._unknown: dict[str, Counter] = {}
        self._add_counters()
        self._add_times()
        self._add_levels()

    def sends(self, client: str, direction: str, account: str, outcome: str) -> Counter:
        """Find the count of ended attempts for these; cheap, so call it each time."""
        key = (client, direction, account, outcome)
        child = self._sends.get(key)
        if child is None:
            if len(self._sends) >= MAX_SEND_SERIES:
                key = (OTHER, OTHER, OTHER, outcome)
            child = self._sends[key] = self._sends_total.labels(*key)
        return child

    def unknown_replies(self, account: str) -> Counter:
        """Find the count of replies of this account that no rule knows."""
        if account not in self._unknown and len(self._unknown) >= MAX_LABEL_VALUES:
            account = OTHER
        if account not in self._unknown:
            self._unknown[account] = self._unknown_total.labels(account)
        return self._unknown[account]

    def notices(self, kind: str, action: str) -> Counter:
        """Find the count of notices of this kind that had this consequence."""
        return self._notices_total.labels(
            kind if kind in NOTICE_KINDS else OTHER,
            action if action in NOTICE_ACTIONS else OTHER,
        )

    def polls(self, result: str) -> Counter:
        """Find the count of visits to mailboxes that ended so."""
        return self._polls_total.labels(result)

    def domain_checks(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Show how many domains each check found how."""
        for check in Check:
            for finding in Finding:
                level = self._domain_checks.labels(check.value, finding.value)
                level.set(counts.get((check.value, finding.value), 0))

    def render(self) -> bytes:
        """Write all series in the text format; slow, so call it in a thread."""
        return generate_latest(self.registry)

    def _add_counters(self) -> None:
        self._sends_total = Counter(
            "outreachd_sends_total",
            "Attempts to hand a letter over that ended, by how they ended.",
            ("client", "direction", "account", "outcome"),
            registry=self.registry,
        )
        self._notices_total = Counter(
            "outreachd_notices_total",
            "What came back: bounces, complaints, answers, opt-outs.",
            ("kind", "action"),
            registry=self.registry,
        )
        self._polls_total = Counter(
            "outreachd_mailbox_polls_total",
            "Visits to mailboxes to read them, by how they ended.",
            ("result",),
            registry=self.registry,
        )
        self._unknown_total = Counter(
            "outreachd_unknown_replies_total",
            "Replies of a server that no rule knows; they were taken as temporary.",
            ("account",),
            registry=self.registry,
        )
        self.log_dropped = Counter(
            "outreachd_log_dropped_total",
            "Log lines thrown away because nobody took them.",
            registry=self.registry,
        )

    def _add_times(self) -> None:
        self.send_seconds = Histogram(
            "outreachd_send_seconds",
            "From opening the SMTP transaction to its last reply.",
            registry=self.registry,
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600),
        )
        self.claim_seconds = Histogram(
            "outreachd_claim_seconds",
            "How long the database took to lease due sends.",
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
        )
        self.loop_lag_seconds = Histogram(
            "outreachd_loop_lag_seconds",
            "How late the event loop came to what was due.",
            registry=self.registry,
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
        )

    def _add_levels(self) -> None:
        self.due = self._level("due", "Scheduled sends whose due time has come.")
        self.oldest_due_seconds = self._level(
            "oldest_due_seconds", "How long the oldest due send has waited."
        )
        self.in_flight = self._level(
            "in_flight", "Letters being handed over at this moment."
        )
        self.uncertain = self._level("uncertain", "Sends that got no answer.")
        self.db_up = self._level("db_up", "1 while the database answers, else 0.")
        self.now = Shown(
            self._level("now", "1 for what is going on, by cause.", "cause"),
            tuple(Cause),
        )
        self.silent = Shown(
            self._level(
                "account_silent_seconds",
                "How long an account's server has accepted nothing it was given.",
                "account",
            )
        )
        self.poll_lag_seconds = self._level(
            "mailbox_poll_lag_seconds", "How late the reading of the latest mailbox is."
        )
        self.mailboxes_deaf = self._level(
            "mailboxes_deaf", "Mailboxes that could not be read for three intervals."
        )
        self.held = Shown(
            self._level("held", "Sends that wait for a person.", "reason")
        )
        self.connections_open = self._by_account("open", "SMTP connections")
        self.connections_idle = self._by_account("idle", "Warm ones without a letter")
        self.connections_waiting = self._by_account(
            "waiting", "Letters that wait for a connection"
        )
        self.mailboxes = self._by_health("mailboxes", "Mailboxes by health.")
        self.domains = self._by_health("domains", "Sending domains by health.")
        self.accounts = self._by_health("accounts", "Accounts by health.")

        self._domain_checks = self._level(
            "domain_checks",
            "Sending domains by what a check found.",
            "check",
            "finding",
        )

    def _level(self, name: str, sentence: str, *labels: str) -> Gauge:
        name = f"outreachd_{name}"
        return Gauge(name, sentence, labels, registry=self.registry)

    def _by_account(self, state: str, what: str) -> Shown:
        sentence = f"{what}, by account."
        return Shown(self._level(f"connections_{state}", sentence, "account"))

    def _by_health(self, name: str, sentence: str) -> Shown:
        return Shown(self._level(name, sentence, "health"), HEALTHS)
