"""The laws of pausing from the command line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.commands.base import FailedError, MisusedError
from outreachd.commands.pause import pause, written
from outreachd.rules.model import Kind
from outreachd.store.database import Database
from outreachd.store.steering import NoSuchError, PgSteering
from tests.commands.conftest import Helm


async def test_a_running_daemon_is_told_and_stops_at_once(
    config: Path, helm: Helm, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a daemon there, a pause goes through it; names are quoted on the way."""
    await pause(config, Kind.CLIENT, "a/b & c", "looks odd", None, None, False)
    assert helm.orders == [("pause", Kind.CLIENT, "a/b & c", "looks odd", None)]
    assert "client a/b & c is paused until it is resumed" in capsys.readouterr().out


async def test_an_end_reaches_the_daemon(config: Path, helm: Helm) -> None:
    """A pause for two hours ends in two hours."""
    before = RealClock().now()
    await pause(config, Kind.DOMAIN, "MAIL.acme.example", "x", None, "2 hours", True)
    [(_, _, name, _, until)] = helm.orders
    assert name == "mail.acme.example"
    assert timedelta(0) <= until - before - timedelta(hours=2) < timedelta(minutes=1)  # type: ignore[operator]


async def test_without_a_daemon_the_database_is_told(
    config: Path, fleet: None, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pause that no daemon hears is found by the next one, with who ordered it."""
    await pause(config, Kind.CAMPAIGN, "spring", "wording", None, None, True)
    [found] = (await PgSteering(db).status(RealClock().now()))["pauses"]
    assert (found["kind"], found["name"]) == ("campaign", "spring")
    assert found["author"].startswith("cli:")
    assert '"paused":true' in capsys.readouterr().out


async def test_the_daemons_refusal_is_shown_in_its_words(
    config: Path, helm: Helm
) -> None:
    """What the daemon does not know is not tried again in the database."""
    with pytest.raises(MisusedError, match="there is no client 'nobody' in the fleet"):
        await pause(config, Kind.CLIENT, "nobody", "x", None, None, False)
    with pytest.raises(FailedError, match="reason"):
        await pause(config, Kind.CLIENT, "acme", "two\nlines", None, None, False)


async def test_a_wrong_name_or_time_pauses_nothing(
    config: Path, fleet: None, db: Database
) -> None:
    """A slip is told, and nothing is changed."""
    with pytest.raises(NoSuchError, match="no domain"):
        await pause(config, Kind.DOMAIN, "nope.example", "x", None, None, False)
    with pytest.raises(MisusedError, match="past"):
        await pause(config, Kind.CAMPAIGN, "spring", "x", "2020-01-01", None, False)
    assert (await PgSteering(db).status(RealClock().now()))["pauses"] == []


async def test_the_whole_fleet_has_one_big_red_button(
    config: Path, fleet: None, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """It needs no name, and holds in the database at once."""
    await pause(config, Kind.FLEET, "", "breach", None, None, False)
    assert "the fleet is paused until it is resumed: breach" in capsys.readouterr().out
    [found] = (await PgSteering(db).status(RealClock().now()))["pauses"]
    assert (found["kind"], found["name"]) == ("fleet", "")


async def test_a_running_daemon_stops_the_whole_fleet(config: Path, helm: Helm) -> None:
    """Through the control listener, like all other pauses."""
    await pause(config, Kind.FLEET, "", "breach", None, None, False)
    assert helm.orders == [("pause", Kind.FLEET, "", "breach", None)]


def test_all_but_the_fleet_are_named() -> None:
    """A forgotten name must not stop everything, and a superfluous one is a slip."""
    with pytest.raises(MisusedError, match="one fleet"):
        written(Kind.FLEET, "acme")
    with pytest.raises(MisusedError, match="name the client"):
        written(Kind.CLIENT, "")


def test_addresses_and_domains_are_lowered_and_other_names_are_not() -> None:
    """The fleet keeps addresses without capitals, and names as they were given."""
    assert written(Kind.MAILBOX, "Ann@Mail.Example") == "ann@mail.example"
    assert written(Kind.CLIENT, "Acme") == "Acme"
