"""What Prometheus sees: our names, bounded labels, no second series for creation."""

from __future__ import annotations

import re

import pytest

from outreachd import telemetry
from outreachd.telemetry import Metrics

LABELS = {
    "client", "direction", "domain", "account", "outcome", "reason", "health", "kind",
    "cause",
}  # fmt: skip


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Read one series as a scrape would."""
    return metrics.registry.get_sample_value(name, labels)


def test_every_metric_is_ours_and_says_what_it_means() -> None:
    """Names begin with outreachd_, help is a sentence, labels are the agreed ones."""
    metrics = Metrics()
    for metric in metrics.registry.collect():
        assert metric.name.startswith("outreachd_")
        assert metric.documentation.endswith(".")
        for sample in metric.samples:
            assert set(sample.labels) - {"le"} <= LABELS
    assert "_created" not in metrics.render().decode()


def test_two_daemons_in_one_process_count_apart() -> None:
    """The registry is handed around, not global."""
    one, other = Metrics(), Metrics()
    one.in_flight.inc()
    assert value(other, "outreachd_in_flight") == 0


def test_sends_are_counted_by_who_for_what_way_out_and_end() -> None:
    """The same labels find the same series."""
    metrics = Metrics()
    for _ in range(2):
        metrics.sends("acme", "sales", "relay", "sent").inc()
    labels = {"client": "acme", "direction": "sales", "account": "relay"}
    assert value(metrics, "outreachd_sends_total", outcome="sent", **labels) == 2


def test_a_fleet_of_any_size_has_a_bounded_number_of_series(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond the bound everything counts as other, and nothing is lost."""
    monkeypatch.setattr(telemetry, "MAX_SEND_SERIES", 3)
    metrics = Metrics()
    for n in range(10):
        metrics.sends(f"client-{n}", "sales", "relay", "sent").inc()
    lines = re.findall(
        rb"^outreachd_sends_total\{.*\} (.*)$", metrics.render(), re.MULTILINE
    )
    assert len(lines) == 4
    assert sum(map(float, lines)) == 10


def test_a_count_that_vanished_becomes_nought() -> None:
    """A gauge by reason does not keep yesterday's figure."""
    metrics = Metrics()
    metrics.held.show({"template": 3})
    metrics.held.show({"uncertain": 1})
    assert value(metrics, "outreachd_held", reason="template") == 0
    assert value(metrics, "outreachd_held", reason="uncertain") == 1


def test_reasons_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of new reasons is added up under other."""
    monkeypatch.setattr(telemetry, "MAX_LABEL_VALUES", 2)
    metrics = Metrics()
    metrics.held.show({"a": 1, "b": 1, "c": 1, "d": 1})
    assert value(metrics, "outreachd_held", reason="other") == 2
    assert value(metrics, "outreachd_held", reason="c") is None


def test_every_health_is_shown_from_the_start() -> None:
    """An alert on resting mailboxes needs the series before the first one rests."""
    metrics = Metrics()
    metrics.mailboxes.show({"well": 3})
    assert value(metrics, "outreachd_mailboxes", health="well") == 3
    assert value(metrics, "outreachd_mailboxes", health="resting") == 0


def test_notices_and_unknown_replies_have_bounded_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kind or account that is not known or not expected counts as other."""
    monkeypatch.setattr(telemetry, "MAX_LABEL_VALUES", 1)
    metrics = Metrics()
    for kind in ("unsubscribe", "love letter"):
        metrics.notices(kind, "noted").inc()
    metrics.notices("dsn", "embraced").inc()
    for account in ("relay", "second", "relay", "third"):
        metrics.unknown_replies(account).inc()
    for labels in (
        {"kind": "other", "action": "noted"},
        {"kind": "dsn", "action": "other"},
    ):
        assert value(metrics, "outreachd_notices_total", **labels) == 1
    assert value(metrics, "outreachd_unknown_replies_total", account="relay") == 2
    assert value(metrics, "outreachd_unknown_replies_total", account="other") == 2
