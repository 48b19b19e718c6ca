"""The laws of the page that tells where everything stands."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from outreachd.clock import RealClock
from outreachd.commands.pause import pause
from outreachd.commands.status import status
from outreachd.rules.model import Kind
from outreachd.store.database import Database
from outreachd.store.lease import PgLeases
from tests.commands.conftest import Helm, PutSends


async def line(config: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Take what the page says is going on now, in one line."""
    capsys.readouterr()
    await status(config, False)
    top = capsys.readouterr().out.partition("\n\n")[0]
    return " ".join(top.removeprefix("now").split())


async def be_seen(db: Database) -> None:
    """Let a daemon of another machine hold the lease, and write down that it lives."""
    leases = PgLeases(db, uuid4())
    await leases.take(600.0)
    await leases.seen(
        host="h", pid=1, version="0", role="active", now=RealClock().now()
    )


async def test_json_has_exactly_the_promised_keys(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts rely on these names."""
    await put_sends(2)
    await status(config, True)
    told = json.loads(capsys.readouterr().out)
    assert sorted(told) == [
        "accounts",
        "budgets",
        "cause",
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
        "why",
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


async def test_people_who_are_barred_are_not_asked_for_again(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Who imported a list and sees nothing go out learns that it met suppressions."""
    await put_sends(3, state="suppressed")
    await be_seen(db)
    assert await line(config, capsys) == (
        "nothing waits to be sent: 3 sends met a suppression, all others have ended: "
        "`outreachd suppressions`"
    )


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
    why = "nothing may be sent before 2099-08-03T12:00+00:00: account relay: set back"
    helm.told = {"role": "active", "cause": "server", "why": why, "also": ["camp b"]}
    told = await line(config, capsys)
    assert told.startswith("nothing may be sent before")
    assert " Aug 2099 " in told
    assert "T12:00" not in told
    assert told.endswith("account relay: set back")
    await status(config, False)
    assert "stands      camp b" in capsys.readouterr().out
    await status(config, True)
    as_json = json.loads(capsys.readouterr().out)
    assert (as_json["cause"], as_json["why"]) == ("server", why)
