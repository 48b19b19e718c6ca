"""``outreachd replay --rules FILE --since 30d``: what other rules would have done.

The file holds ``[health]`` as the settings do. The recorded past is judged hour by
hour, and each decision stands beside what was really decided. Nothing is changed. Who
would have rested has sent all the same: those letters are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from outreachd.commands.base import (
    MisusedError,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.commands.words import shown
from outreachd.config_file import load_health
from outreachd.rules.replay import replay as judged
from outreachd.rules.watch import Decision, why
from outreachd.rules.written import counted, parse_since
from outreachd.store.health import PgHealth

# Windows reach back a week from the first hour that is judged.
BEFORE = timedelta(days=7)


@click.command("replay", help="Tell what other rules of health would have done.")
@click.option(
    "--rules",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file with [health] as in the settings; else the settings' own rules.",
)
@click.option("--since", default="30d", show_default=True, help="30d, 12h or a date.")
@config_option
@json_option
def command(rules: Path | None, since: str, config: Path | None, as_json: bool) -> None:
    """Judge the past again."""
    execute(replay(config, rules, since, as_json=as_json))


async def replay(
    config: Path | None, file: Path | None, past: str, *, as_json: bool
) -> None:
    """Read the past, judge it, show both."""
    async with desk(config) as opened:
        rules = (load_health(file) if file else opened.settings.health).rules()
        now = opened.clock.now()
        since = _instant(past, now)
        book = PgHealth(opened.database)
        tallies = await book.tallies(since - BEFORE)
        names = {(m.kind, m.id): m.name for m in await book.members()}
        was = await book.decisions(since, at_most=100_000)
    would = [
        _row(at, one, names.get((one.kind, one.id), f"{one.id} (left)"))
        for at, one in judged(tallies, rules, now)
        if at >= since
    ]
    if as_json:
        show_json({"since": since, "would": would, "was": was})
        return
    _show(would, was, now)
    letters = sum(tally.counts.sent for tally in tallies if tally.quarter >= since)
    click.echo(
        f"{counted(len(would), 'decision')} by these rules, {len(was)} were taken; "
        f"{counted(letters, 'letter')} since {shown(since, now)}."
    )


def _instant(text: str, now: datetime) -> datetime:
    try:
        return parse_since(text, now)
    except ValueError as error:
        raise MisusedError(f"--since {error}.") from None


def _row(at: datetime, one: Decision, name: str) -> dict[str, Any]:
    return {
        "at": at,
        "kind": one.kind,
        "name": name,
        "before": one.before.health,
        "after": one.brings,
        "rule": one.rule,
        "mode": one.mode,
        "figures": one.figures,
        "sentence": why(one.rule, one.figures),
    }


def _show(
    would: Sequence[dict[str, Any]], was: Sequence[dict[str, Any]], now: datetime
) -> None:
    lines = [(one["at"], "would", one) for one in would]
    lines += [(one["at"], "was", one) for one in was]
    for at, word, one in sorted(lines, key=lambda line: line[0]):
        click.echo(
            f"{shown(at, now)}  {word:<5} {one['kind']} {one['name']}: "
            f"{one['before']} -> {one['after']}"
            f"{' (' + one['mode'] + ')' if one['mode'] != 'enforce' else ''}"
            f"{': ' + one['sentence'] if one['sentence'] else ''}"
        )
