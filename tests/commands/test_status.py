"""The laws of the page that tells where everything stands."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console

from outreachd.clock import RealClock
from outreachd.commands.pause import pause
from outreachd.commands.status import is_alive, page, status
from outreachd.rules.model import Kind
from outreachd.store.database import Database
from outreachd.store.lease import PgLeases
from tests.commands.conftest import Helm, PutSends

NOW = datetime(2026, 8, 3, 10, tzinfo=UTC)

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
        },
        {
            "host": "two",
            "pid": 8,
            "role": "standby",
            "version": "0.1.0",
            "started_at": NOW - timedelta(days=1),
            "seen_at": NOW - timedelta(hours=1),
        },
    ],
}


async def line(config: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Take what the page says is going on now, in one line."""
    capsys.readouterr()
    await status(config, False)
    top = capsys.readouterr().out.partition("\n\n")[0]
    return " ".join(top.removeprefix("now").split())


async def be_seen(db: Database) -> None:
    """Write down that a daemon is alive."""
    await PgLeases(db, uuid4()).seen(
        host="h", pid=1, version="0", role="active", now=RealClock().now()
    )


def test_the_page_fits_eighty_columns_and_tells_all() -> None:
    """Figures, what is held and uncertain, pauses with reason and end, daemons."""
    out = io.StringIO()
    page(FIGURES, "sending", NOW, Console(file=out, width=80))
    told = out.getvalue()
    assert max(map(len, told.splitlines())) <= 80
    for part in (
        "now  sending",
        "321",
        "12, the oldest for 1 h",
        "2 template_error",
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
        "silent since",
    ):
        assert part in told, part


def test_a_daemon_that_is_silent_is_taken_for_gone() -> None:
    """It writes every ten seconds; two missed signs and it is not counted on."""
    assert is_alive({"seen_at": NOW - timedelta(seconds=12)}, NOW)
    assert not is_alive({"seen_at": NOW - timedelta(seconds=60)}, NOW)


async def test_json_has_exactly_the_promised_keys(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts rely on these names."""
    await put_sends(2)
    await status(config, True)
    told = json.loads(capsys.readouterr().out)
    assert sorted(told) == [
        "accounts",
        "checks",
        "deaf",
        "domains",
        "due",
        "held",
        "instances",
        "mailboxes",
        "notices",
        "oldest_due_s",
        "pauses",
        "retired",
        "sends",
        "sent_today",
        "shares",
        "stranded",
        "suppressions",
    ]
    assert told["sends"] == {"scheduled": 2}
    assert told["due"] == 2


async def test_if_nothing_is_sent_the_first_line_says_why(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No daemon, nothing to do, too early, paused: each in its own words."""
    assert "no daemon runs" in await line(config, capsys)
    await be_seen(db)
    assert "nothing waits to be sent" in await line(config, capsys)
    now = RealClock().now()
    await put_sends(1, due_at=now + timedelta(days=1))
    assert "nothing is due before" in await line(config, capsys)
    async with db.connection() as connection:
        await connection.execute("UPDATE send SET due_at = $1", now)
    assert await line(config, capsys) == "sending"
    await pause(config, Kind.CLIENT, "acme", "looks odd", None, None, True)
    assert "nothing may be sent: client acme: paused, looks odd" in await line(
        config, capsys
    )
    await pause(config, Kind.CLIENT, "acme", "looks odd", None, "3 days", True)
    assert "nothing may be sent before" in await line(config, capsys)


async def test_letters_of_a_retired_campaign_are_not_due(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They cannot go: neither due nor what is waited for, but told as what they are."""
    await put_sends(3, due_at=RealClock().now() - timedelta(hours=2))
    await be_seen(db)
    async with db.connection() as connection:
        await connection.execute("UPDATE campaign SET retired = true")
    assert await line(config, capsys) == (
        "nothing waits that may go: 3 sends are of campaigns that have left the fleet"
    )
    await status(config, False)
    assert "spring: 3 sends of a campaign that has left" in capsys.readouterr().out
    await status(config, True)
    told = json.loads(capsys.readouterr().out)
    assert (told["due"], told["oldest_due_s"]) == (0, 0.0)
    assert told["retired"] == [{"campaign": "spring", "n": 3}]
    assert told["sends"] == {"scheduled": 3}


async def test_a_daemon_that_cannot_send_says_why(
    config: Path, fleet: None, helm: Helm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own reason comes first."""
    helm.is_ready = (False, "the database is away")
    assert await line(config, capsys) == "nothing is sent: the database is away"


async def test_what_a_daemon_knows_of_failures_is_told(
    config: Path,
    put_sends: PutSends,
    db: Database,
    helm: Helm,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A relay that is down is said, however soon it is tried again."""
    await put_sends(1)
    await be_seen(db)
    soon = RealClock().now() + timedelta(seconds=20)
    gate = {
        "gate": "account relay: set back",
        "open": False,
        "value": "connect: 0 connection refused",
        "limit": "after 3 failures in a row",
        "opens_at": soon.isoformat(),
    }
    helm.explained = {"gates": [{"open": True}, gate]}
    told = await line(config, capsys)
    assert "nothing may be sent before" in told
    assert "account relay: set back, connect: 0 connection refused (after 3 " in told
