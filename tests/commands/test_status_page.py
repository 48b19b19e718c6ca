"""The laws of what the page of status shows."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace
from rich.console import Console

from outreachd.commands.status_page import page
from outreachd.rules.health import Health
from outreachd.rules.model import Kind
from outreachd.rules.roll import Line
from outreachd.rules.standstill import Cause, Now

NOW = datetime(2026, 8, 3, 10, tzinfo=UTC)
NEAR = Line(
    kind=Kind.DOMAIN,
    name="mail.acme.example",
    health=Health.WELL,
    share=1.0,
    stage=0,
    since=None,
    until=None,
    rule="",
    sent=100,
    budget=3,
    budget_rule="r",
    sentence="well; 3 more bounces until it rests (r)",
)

FIGURES: dict[str, Any] = {
    "sends": {"scheduled": 900, "sent": 4100, "uncertain": 1},
    "due": 12,
    "oldest_due_s": 4000.0,
    "sent_today": 321,
    "held": {"template_error": 2},
    "suppressions": {"everywhere": 12, "client": 340, "campaign": 0},
    "mailboxes": {"well": 1198, "resting": 2},
    "domains": {"well": 60, "resting": 0},
    "accounts": {"well": 3, "resting": 0},
    "shares": [
        {
            "client": "acme",
            "wanted": 0.25,
            "got": 0.4,
            "n": 40,
            "campaigns": [
                {"campaign": "spring", "wanted": 0.5, "got": 0.5, "n": 20},
                {"campaign": "autumn", "wanted": 0.5, "got": 0.5, "n": 20},
            ],
        },
        {"client": "bolt", "wanted": 0.75, "got": None, "n": 0, "campaigns": []},
    ],
    "budgets": [NEAR, replace(NEAR, name="far.example", budget=40)],
    "checks": [
        {
            "domain": "mail.acme.example",
            "check": "spf",
            "finding": "missing",
            "detail": "no SPF record",
            "since": NOW,
            "at": NOW,
        }
    ],
    "deaf": [
        {
            "kind": "mailbox",
            "name": "ann@mail.acme.example",
            "heard_at": NOW - timedelta(hours=2),
            "fault": "refused: the login was refused",
        },
        {"kind": "inbox", "name": "bounces", "heard_at": None, "fault": ""},
    ],
    "notices": {"dsn": 2, "reply": 1},
    "retired": [{"campaign": "winter", "n": 12}],
    "stranded": [{"campaign": "spring", "mailbox_gone": "wait", "n": 3}],
    "pauses": [
        {
            "kind": "domain",
            "name": f"mail{n}.acme.example",
            "reason": "a bounce storm that somebody has to look into before Monday",
            "until": None,
            "author": "cli:ann",
            "at": NOW,
        }
        for n in range(14)
    ],
    "instances": [
        {
            "host": "one",
            "pid": 7,
            "role": "active",
            "version": "0.1.0",
            "started_at": NOW,
            "seen_at": NOW,
            "seen_s": 0.0,
            "holds_lease": True,
        },
        {
            "host": "two",
            "pid": 8,
            "role": "standby",
            "version": "0.1.0",
            "started_at": NOW - timedelta(days=1),
            "seen_at": NOW - timedelta(hours=1),
            "seen_s": 3600.0,
            "holds_lease": False,
        },
    ],
}


def test_the_page_fits_eighty_columns_and_tells_all() -> None:
    """Figures, what is held and uncertain, pauses with reason and end, daemons."""
    out = io.StringIO()
    seen = Now(Cause.SENDING, "sending", ("campaign may: client b: paused",))
    page(FIGURES, seen, NOW, Console(file=out, width=80))
    told = out.getvalue()
    assert "far.example" not in told
    assert max(map(len, told.splitlines())) <= 80
    for part in (
        "now  sending",
        "campaign may: client b: paused",
        "321",
        "12, the oldest for 1 h",
        "2 template_error",
        "mail.acme.example: well; 3 more bounces until it rests (r)",
        "1 send got no answer",
        "1198 well, 2 resting",
        "12 everywhere, 340 client",
        "acme 40% got of 25% wanted (40): spring 50% got of 50% wanted (20)",
        "bolt nothing yet of 75% wanted (0)",
        "spring: 3 sends of a mailbox that has left the fleet; its campaign",
        "winter: 12 sends of a campaign that has left the fleet",
        "until resumed",
        "and 2 more",
        "active, one pid 7",
        "NOT ANSWERING, last seen 1 h ago, it says nothing: standby",
    ):
        assert part in told, part
