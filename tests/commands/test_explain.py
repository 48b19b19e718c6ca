"""The laws of explaining from the command line."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from outreachd.clock import RealClock
from outreachd.commands.base import FailedError, MisusedError
from outreachd.commands.explain import explain, instants, page
from outreachd.commands.pause import pause
from outreachd.rules.model import Kind
from tests.commands.conftest import Helm, PutSends

NOW = datetime(2026, 8, 3, 10, tzinfo=UTC)

CLOSED = {
    "gate": "mailbox ann@mail.acme.example: day",
    "open": False,
    "value": "40",
    "limit": "40 on 2026-08-03",
    "setting": "mailbox.daily_limit, mailbox.warmup",
    "opens_at": "2026-08-03T22:00:00Z",
}
EXPLAINED: dict[str, Any] = {
    "send": 7,
    "state": "scheduled",
    "meaning": "waits for its turn",
    "reason": "mailbox_busy",
    "detail": "450 try later",
    "campaign": "spring",
    "step": 2,
    "mailbox": "ann@mail.acme.example",
    "gates": [CLOSED],
    "suppressed_by": [],
    "health": None,
    "notices": [],
    "next_allowed_at": "2026-08-03T22:00:00Z",
    "attempts": [
        {
            "started_at": "2026-08-03T09:00:00+00:00",
            "outcome": "scheduled",
            "reply": "450 try later",
        }
    ],
}


def written(row: dict[str, Any]) -> str:
    """Show a send as on a terminal of 80 columns."""
    out = io.StringIO()
    page(row, Console(file=out, width=80, highlight=False), NOW)
    return out.getvalue()


def test_a_page_tells_gate_value_limit_setting_and_when_it_opens() -> None:
    """All of the promise is there: each gate, and the next allowed instant."""
    told = written(EXPLAINED)
    for part in ("day", "40 on 2026-08-03", "daily_limit", "warmup", "closed", "opens"):
        assert part in told
    assert "scheduled: waits for its turn (mailbox_busy, 450 try later)" in told
    assert "next allowed:" in told
    assert max(map(len, told.splitlines())) <= 80


def test_what_does_not_open_by_itself_is_said_so() -> None:
    """A pause without an end has no instant to be shown."""
    paused = {**CLOSED, "opens_at": None}
    told = written({**EXPLAINED, "gates": [paused], "next_allowed_at": None})
    assert "does not open by itself" in told
    assert "not before somebody opens" in told


def test_a_send_that_does_not_wait_has_no_gates() -> None:
    """What was sent is told as sent, and why its reason is not said twice."""
    row = {**EXPLAINED, "state": "suppressed", "reason": "suppressed", "gates": []}
    told = written({**row, "detail": None, "meaning": "must not be written to"})
    assert "suppressed: must not be written to\n" in told
    assert "next allowed" not in told


def test_what_bars_a_person_is_shown() -> None:
    """Which entry, at which level, why, how it came and since when."""
    entry = {
        "id": 4,
        "target": "@buyer.example",
        "level": "client acme",
        "reason": "opt_out",
        "source": "page",
        "at": "2026-08-03T09:00:00+00:00",
    }
    told = written({**EXPLAINED, "gates": [], "suppressed_by": [entry]})
    assert "suppression 4: @buyer.example, client acme: opt_out, by page, " in told


def test_instants_in_a_text_are_shown_as_people_read_them() -> None:
    """No ISO time with an offset stands on a page for people."""
    text = instants("until 2026-08-03T22:00+00:00", NOW)
    assert text.startswith("until ")
    assert "T22" not in text


async def test_a_running_daemon_is_asked(
    config: Path, helm: Helm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its buckets are the ones that decide; the database is not opened."""
    helm.explained = EXPLAINED
    await explain(config, "7", None, True)
    assert json.loads(capsys.readouterr().out) == EXPLAINED


async def test_an_unknown_send_is_told_by_daemon_and_database(
    config: Path, fleet: None
) -> None:
    """A wrong number is a sentence, not an empty page."""
    with pytest.raises(FailedError, match="there is no send 7"):
        await explain(config, "7", None, False)


async def test_a_daemon_that_does_not_know_a_send_is_believed(
    config: Path, helm: Helm
) -> None:
    """Its 404 is the answer."""
    with pytest.raises(FailedError, match="no send with this number"):
        await explain(config, "7", None, False)


async def test_without_a_daemon_the_database_explains(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pause is a closed gate with its reason, and the way to end it.

    The sends to an address are one JSON value, a list, however many they are.
    """
    [id] = await put_sends(1)
    await pause(config, Kind.CAMPAIGN, "spring", "wording", None, None, True)
    capsys.readouterr()
    await explain(config, "P1@people.example", "spring", True)
    [told] = json.loads(capsys.readouterr().out)
    assert told["send"] == id
    assert told["next_allowed_at"] is None
    [closed] = [gate for gate in told["gates"] if not gate["open"]]
    assert closed["value"] == "wording"
    assert closed["setting"] == "outreachd resume campaign spring"


async def test_a_person_reads_that_no_daemon_was_asked(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is due later is told with its time, and where the knowledge is from."""
    await put_sends(1, due_at=RealClock().now() + timedelta(days=3))
    await explain(config, "p1@people.example", None, False)
    told = capsys.readouterr().out
    assert "No daemon answers" in told
    assert "next allowed:" in told


@pytest.mark.parametrize("what", ["\u00b2", "9" * 23])
async def test_what_only_looks_like_a_number_is_told(
    config: Path, fleet: None, what: str
) -> None:
    """A raised two is a digit to Python; no send has a number of 23 digits."""
    with pytest.raises(MisusedError, match="neither a send nor an address"):
        await explain(config, what, None, False)


async def test_an_address_nobody_writes_to_is_told(config: Path, fleet: None) -> None:
    """Neither an unknown address nor a text that is none gives an empty page."""
    with pytest.raises(FailedError, match="no send of campaign spring to p@x"):
        await explain(config, "p@x.example", "spring", False)
    with pytest.raises(MisusedError, match="neither a send nor an address"):
        await explain(config, "somebody", None, False)


@pytest.mark.parametrize(
    ("health", "budget", "is_told"),
    [
        ("well", 3, True),
        ("well", 12, False),
        ("well", None, False),
        ("tired", 12, True),
    ],
)
def test_the_health_of_the_domain_is_told_if_it_is_near_or_ill(
    health: str, budget: int | None, is_told: bool
) -> None:
    """In words; --json has it always."""
    one = {
        "kind": "domain",
        "name": "mail.acme.example",
        "health": health,
        "budget": budget,
        "sentence": "3 more bounces until it rests",
    }
    told = "health of domain mail.acme.example: 3 more bounces until it rests"
    assert (told in written(EXPLAINED | {"health": one})) == is_told
