"""``outreachd explain SEND|ADDRESS``: why it has not gone, and when it may.

Asks the running daemon, whose buckets are the ones that decide; without one it reads
the database as a daemon that begins now would. Lists every gate, open or closed, with
its value, its limit and the setting behind it. With --json one object a send.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreachd.clock import RealClock
from outreachd.commands.base import (
    Desk,
    FailedError,
    MisusedError,
    config_option,
    desk,
    execute,
    json_option,
    settings_of,
    show_json,
)
from outreachd.commands.client import ask
from outreachd.commands.words import coming, shown
from outreachd.flow.explanation import explain as explained
from outreachd.helm import health_of, load_pool
from outreachd.rules.address import BadAddressError, normalise_recipient
from outreachd.rules.health import Health
from outreachd.rules.model import Kind
from outreachd.rules.roll import NEAR
from outreachd.rules.standstill import LOOK_AT
from outreachd.store.health import PgHealth
from outreachd.store.steering import PgSteering, find

Explanation = Mapping[str, Any]

WIDTHS = (6, 10, 13, 26)  # of the columns state, gate, value, limit
NUMBER = re.compile(r"[0-9]{1,18}")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d\d:\d\d")


@click.command("explain", help="Tell why a send has not gone, and when it may.")
@click.argument("what", metavar="SEND|ADDRESS")
@click.option("--campaign", help="Only the sends of this campaign.")
@config_option
@json_option
def command(
    what: str, campaign: str | None, config: Path | None, as_json: bool
) -> None:
    """Explain a send, or all to an address."""
    execute(explain(config, what, campaign, as_json))


async def explain(
    config: Path | None, what: str, campaign: str | None, as_json: bool
) -> None:
    """Find the sends, ask who knows, show."""
    if NUMBER.fullmatch(what):
        told = await ask(settings_of(config), f"/v1/sends/{what}/explain")
        if told is not None:
            _tell(told, as_json)
            return
    rows = []
    async with desk(config) as opened:
        for id in await _ids(opened, what, campaign):
            told = await ask(opened.settings, f"/v1/sends/{id}/explain")
            row = told or await from_database(opened, id)
            rows.append(row)
            if not as_json:
                _show(row, asked_daemon=told is not None)
    if as_json:  # an address may have many, a number is one
        show_json(rows[0] if NUMBER.fullmatch(what) else rows)


async def from_database(opened: Desk, id: int) -> Explanation:
    """Explain as a daemon that begins now would."""
    row = await PgSteering(opened.database).send(id)
    if row is None:
        raise FailedError(
            f"there is no send {id}: `outreachd explain ADDRESS` finds them."
        )
    pool = await load_pool(opened.database, opened.clock)
    now, mono = opened.clock.now(), opened.clock.monotonic()
    rules = opened.settings.health.rules()
    book = PgHealth(opened.database)
    health = await health_of(book, row, pool, rules, now=now, mono=mono)
    return explained(row, pool, now, mono, health=health)


async def _ids(opened: Desk, what: str, campaign: str | None) -> Sequence[int]:
    if NUMBER.fullmatch(what):
        return [int(what)]
    try:
        address = normalise_recipient(what)
    except BadAddressError as error:
        raise MisusedError(
            f"{what} is neither a send nor an address: {error}."
        ) from None
    ids = await PgSteering(opened.database).find_sends(address, campaign)
    if not ids and campaign is not None:
        async with opened.database.connection() as connection:
            await find(connection, Kind.CAMPAIGN, campaign)
    if not ids:
        within = f" of campaign {campaign}" if campaign else ""
        raise FailedError(
            f"there is no send{within} to {address}: `outreachd import` makes them."
        )
    return ids


# --- showing --------------------------------------------------------------------------


def _tell(row: Explanation, as_json: bool) -> None:
    if as_json:
        show_json(row)
    else:
        _show(row, asked_daemon=True)


def _show(row: Explanation, *, asked_daemon: bool) -> None:
    page(row, Console(highlight=False), RealClock().now())
    if row["gates"] and not asked_daemon:
        click.echo("No daemon answers: this is what one that begins now would see.")
    click.echo()


def page(row: Explanation, console: Console, now: datetime) -> None:
    """Print one send: where it stands, its gates, when it may go."""
    step = f"campaign {row['campaign']}, step {row['step']}"
    by = f", by {row['mailbox']}" if row["mailbox"] else ""
    console.print(Text(f"send {row['send']}: {step}{by}", style="bold"))
    console.print(Text(f"{row['state']}: {row['meaning']}{_because(row)}"))
    for entry in row["suppressed_by"]:
        console.print(Text(f"  {_entry(entry, now)}"))
    for attempt in row["attempts"]:
        console.print(Text(f"  {_attempt(attempt, now)}", style="dim"))
    for notice in row["notices"]:
        console.print(Text(f"  {_notice(notice, now)}"))
    if row["gates"]:
        for part in _gates(row["gates"], now):
            console.print(part)
        console.print(Text(_next(row, now), style="bold"))
    for clause in row.get("silent", ()):  # a daemon that is older tells none
        console.print(Text(f"{clause}; {LOOK_AT}", style="red"))
    if told := _health(row):
        console.print(Text(told))


def _health(row: Explanation) -> str:
    """Say how the sending domain stands, if it is ill or near it."""
    one = row.get("health")  # a daemon that is older tells none
    if one is None:
        return ""
    is_near = one["budget"] is not None and one["budget"] <= NEAR
    if one["health"] == Health.WELL and not is_near:
        return ""
    return f"health of {one['kind']} {one['name']}: {one['sentence']}"


def _because(row: Explanation) -> str:
    words = [text for text in (row["reason"], row["detail"]) if text]
    words = [text for text in words if text != row["state"]]
    return f" ({', '.join(words)})" if words else ""


def _entry(entry: Mapping[str, Any], now: datetime) -> str:
    since = shown(moment(entry["at"]), now)
    how = f"{entry['reason']}, by {entry['source']}, {since}"
    return f"suppression {entry['id']}: {entry['target']}, {entry['level']}: {how}"


def _attempt(attempt: Mapping[str, Any], now: datetime) -> str:
    at = shown(moment(attempt["started_at"]), now)
    reply = f": {attempt['reply']}" if attempt["reply"] else ""
    return f"{at}  {attempt['outcome'] or 'under way'}{reply}"


def _notice(notice: Mapping[str, Any], now: datetime) -> str:
    at = shown(moment(notice["at"]), now)
    what = " ".join(filter(None, (notice["kind"], notice["detail"], notice["class"])))
    said = f": {notice['diagnostic']}" if notice["diagnostic"] else ""
    return f"{at}  came back: {what}, {notice['action'] or 'not acted on'}{said}"


def _gates(gates: Sequence[Mapping[str, Any]], now: datetime) -> Iterator[Text | Table]:
    """Show the gates thing by thing: the campaign's, the mailbox's, and so on."""
    for who, of_one in groupby(
        gates, key=lambda gate: gate["gate"].rpartition(": ")[0]
    ):
        yield Text(who, style="bold")
        table = Table.grid(padding=(0, 2, 0, 0))
        for width in WIDTHS:
            table.add_column(width=width, overflow="fold")
        table.add_column(overflow="fold", style="dim")
        for gate in of_one:
            table.add_row(*_gate(gate, now))
        yield table


def _gate(gate: Mapping[str, Any], now: datetime) -> Iterator[Text]:
    is_open, at = gate["open"], gate["opens_at"]
    yield Text("open", "green") if is_open else Text("closed", "red")
    yield Text(gate["gate"].rpartition(": ")[2])
    yield Text(instants(str(gate["value"]), now))
    limit = Text(instants(str(gate["limit"]), now))
    if not is_open:
        opens = f"opens {coming(moment(at), now)}" if at else "does not open by itself"
        limit.append(f"\n{opens}", style="red")
    yield limit
    yield Text(re.sub(r"\b[a-z]+\.(?=[a-z_]+\b)", "", gate["setting"]))


def instants(text: str, now: datetime) -> str:
    """Write the instants in a text as people at this machine read them."""
    return ISO.sub(lambda found: shown(datetime.fromisoformat(found[0]), now), text)


def _next(row: Explanation, now: datetime) -> str:
    if row["next_allowed_at"]:
        at = moment(row["next_allowed_at"])
        return f"next allowed: {coming(at, now)}"
    return "next allowed: not before somebody opens what does not open by itself"


def moment(told: datetime | str) -> datetime:
    """Read an instant as the daemon (JSON) or the database told it."""
    return told if isinstance(told, datetime) else datetime.fromisoformat(told)
