"""The rules of health that hold unless the settings say otherwise.

Data only. They were tried on simulated fleets (``python -m tests.bench health``): what
burns rests within some hundred letters, and hardly anybody honest does. Limits are
rates that must surely be passed, windows hours.
"""

from __future__ import annotations

from outreachd.rules.health import Health, Measure, Mode, Rule
from outreachd.rules.model import Kind

# So many events are sure to come: e^-7, one time in a thousand, none of them does.
EXPECTED = 7.0

# A fire shows in hours: in a day's window the good letters of yesterday hide it.
HOURS_H, DAY_H, WEEK_H = 4, 24, 168

# What is judged unless the settings say otherwise.
RULES = (
    Rule(
        name="domain_bounces_hours",
        kind=Kind.DOMAIN,
        measure=Measure.HARD,
        window_h=HOURS_H,
        min_sent=40,
        min_events=8,
        limit=0.025,
    ),
    Rule(
        name="domain_bounces_day",
        kind=Kind.DOMAIN,
        measure=Measure.HARD,
        window_h=DAY_H,
        min_sent=50,
        min_events=7,
        limit=0.025,
    ),
    Rule(
        name="domain_bounces_week",
        kind=Kind.DOMAIN,
        measure=Measure.HARD,
        window_h=WEEK_H,
        min_sent=50,
        min_events=7,
        limit=0.025,
    ),
    Rule(
        name="domain_bounces_many",
        kind=Kind.DOMAIN,
        measure=Measure.HARD,
        window_h=WEEK_H,
        min_sent=200,
        min_events=10,
        limit=0.02,
        brings=Health.TIRED,
    ),
    Rule(
        name="domain_blocked_day",
        kind=Kind.DOMAIN,
        measure=Measure.BLOCK,
        window_h=DAY_H,
        min_sent=50,
        min_events=8,
        limit=0.08,
    ),
    Rule(
        name="domain_complaints_week",
        kind=Kind.DOMAIN,
        measure=Measure.COMPLAINT,
        window_h=WEEK_H,
        min_sent=300,
        min_events=4,
        limit=0.002,
    ),
    Rule(
        name="domain_complaints_some",
        kind=Kind.DOMAIN,
        measure=Measure.COMPLAINT,
        window_h=WEEK_H,
        min_sent=500,
        min_events=3,
        limit=0.001,
        brings=Health.TIRED,
    ),
    Rule(
        name="account_bounces_day",
        kind=Kind.ACCOUNT,
        measure=Measure.HARD,
        window_h=DAY_H,
        min_sent=500,
        min_events=25,
        limit=0.05,
    ),
    Rule(
        name="account_complaints_week",
        kind=Kind.ACCOUNT,
        measure=Measure.COMPLAINT,
        window_h=WEEK_H,
        min_sent=2000,
        min_events=8,
        limit=0.002,
    ),
    # A client's lists are its own affair: a person decides.
    Rule(
        name="client_complaints_week",
        kind=Kind.CLIENT,
        measure=Measure.COMPLAINT,
        window_h=WEEK_H,
        min_sent=1000,
        min_events=5,
        limit=0.002,
        mode=Mode.SUGGEST,
    ),
    Rule(
        name="mailbox_bounces_week",
        kind=Kind.MAILBOX,
        measure=Measure.HARD,
        window_h=WEEK_H,
        min_sent=30,
        min_events=6,
        limit=0.06,
    ),
    Rule(
        name="mailbox_blocked_day",
        kind=Kind.MAILBOX,
        measure=Measure.BLOCK,
        window_h=DAY_H,
        min_sent=10,
        min_events=5,
        limit=0.1,
    ),
    Rule(
        name="domain_silence_week",
        kind=Kind.DOMAIN,
        measure=Measure.SILENCE,
        window_h=WEEK_H,
        min_sent=50,
        min_events=0,
        limit=EXPECTED,
        brings=Health.TIRED,
    ),
)
