"""The laws of trying other rules on the recorded past."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.commands.base import MisusedError
from outreachd.commands.replay import replay
from outreachd.store.database import Database

SHY = """
[[health.rule]]
name = "domain_bounces_hours"
mode = "off"
[[health.rule]]
name = "domain_bounces_day"
limit = 0.9
[[health.rule]]
name = "domain_bounces_week"
limit = 0.9
[[health.rule]]
name = "domain_bounces_many"
mode = "observe"
[[health.rule]]
name = "mailbox_bounces_week"
mode = "off"
"""


async def burned(db: Database) -> None:
    """Record a day on which a fifth of the domain's letters bounced."""
    begin = RealClock().now().replace(minute=0, second=0, microsecond=0)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO tally (quarter, mailbox_id, account_id, client_id, receiver,"
            " source, sent, hard)"
            " SELECT $1::timestamptz - i * interval '15 minutes', 1, 1, 1, 'google',"
            " 'reply', 10, 2"
            " FROM generate_series(4, 80) i",
            begin - timedelta(hours=4),
        )


async def test_the_rules_of_the_settings_are_tried_on_the_past(
    config: Path, db: Database, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fire would have been put out, and nobody did."""
    await burned(db)
    await replay(config, None, "30d", as_json=False)
    told = capsys.readouterr().out
    assert "would domain mail.acme.example: well -> resting: " in told
    assert "by these rules, 0 were taken; 770 letters since" in told


async def test_a_file_of_rules_is_tried_instead(
    config: Path,
    db: Database,
    fleet: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Shy rules would have let it burn; one that observes says so."""
    await burned(db)
    rules = tmp_path / "rules.toml"
    rules.write_text(SHY)
    await replay(config, rules, "30d", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert {one["rule"] for one in told["would"]} == {
        "domain_bounces_many",
        "account_bounces_day",
    }
    observed = [one["mode"] for one in told["would"] if one["kind"] == "domain"]
    assert observed == ["observe"]
    assert told["was"] == []


async def test_an_instant_that_is_none_is_refused(config: Path, fleet: None) -> None:
    """With the ways to write one."""
    with pytest.raises(MisusedError, match="--since"):
        await replay(config, None, "yesterdayish", as_json=False)
