"""``outreachd health [NAME]``: who is ill, by which rule, and what is left.

Without a name those who are not well and those near it; with one that one, and what was
decided about it. ``outreachd health accept ID`` does what a rule suggested. A rest ends
early by `outreachd resume`, and then windows start anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from outreachd.commands.base import (
    MisusedError,
    author,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.commands.words import shown
from outreachd.rules.roll import Line, is_of_interest, roll
from outreachd.rules.written import counted, parse_number
from outreachd.store.health import PgHealth

LAST_DAYS = timedelta(days=30)
MANY = 40  # lines


@click.command("health", help="Tell who is ill, and how far from it the others are.")
@click.argument("words", metavar="[NAME | accept ID]", nargs=-1)
@config_option
@json_option
def command(words: tuple[str, ...], config: Path | None, as_json: bool) -> None:
    """List, or accept a suggestion."""
    if words[:1] == ("accept",):
        execute(accept(config, words[1:], as_json=as_json))
    else:
        execute(health(config, words, as_json=as_json))


async def health(config: Path | None, words: Sequence[str], *, as_json: bool) -> None:
    """List standings and decisions."""
    if len(words) > 1:
        raise MisusedError("health takes one name, or accept and a number.")
    name = words[0] if words else None
    async with desk(config) as opened:
        now, rules = opened.clock.now(), opened.settings.health.rules()
        book = PgHealth(opened.database)
        hours = sorted({rule.window_h for rule in rules})
        read = await book.book(hours, now)
        lines = roll(await book.members(), read, rules, now)
        if name is not None:
            lines = [line for line in lines if line.name == name]
            if not lines:
                raise MisusedError(f"nobody in the fleet has the name {name!r}.")
        decisions = await book.decisions(now - LAST_DAYS, name)
    if as_json:
        show_json({"health": lines, "decisions": decisions})
        return
    _show(lines if name else [one for one in lines if is_of_interest(one)], now)
    for one in decisions[:MANY]:
        click.echo(_decision(one, now))


async def accept(config: Path | None, words: Sequence[str], *, as_json: bool) -> None:
    """Do what a rule suggested."""
    try:
        [id] = map(parse_number, words)
    except ValueError:
        raise MisusedError("say which suggestion: outreachd health accept 17") from None
    async with desk(config) as opened:
        book, now = PgHealth(opened.database), opened.clock.now()
        done = await book.accept(id, author(), now)
    until = done.after.until
    if as_json:
        show_json({"accepted": id, "health": done.brings, "until": until})
    else:
        ends = f" until {shown(until, now)}" if until else ""
        click.echo(f"Accepted: {done.kind} is {done.brings}{ends}.")


def _show(lines: Sequence[Line], now: datetime) -> None:
    for line in lines[:MANY]:
        until = f" until {shown(line.until, now)}" if line.until else ""
        rule = f" by {line.rule}" if line.rule else ""
        part = f", {line.share:.0%} of its allowance" if 0 < line.share < 1 else ""
        click.echo(f"{line.health:<8} {line.kind} {line.name}{until}{rule}{part}")
        click.echo(f"         {line.sentence}")
    if len(lines) > MANY:
        click.echo(f"and {counted(len(lines) - MANY, 'more')}: see --json")
    if not lines:
        click.echo("All are well, and none is near a limit.")


def _decision(one: dict[str, Any], now: datetime) -> str:
    who = f"{one['kind']} {one['name']}"
    told = {
        "enforce": f"{one['before']} -> {one['after']}",
        "suggest": f"suggested: {one['after']} (outreachd health accept {one['id']})",
        "observe": f"would be {one['after']}",
    }[one["mode"]]
    if one["accepted_at"]:
        told = f"suggested and accepted: {one['after']}"
    because = f": {one['sentence']}" if one["sentence"] else ""
    undone = f"; undone {shown(one['undone_at'], now)}" if one["undone_at"] else ""
    return f"{shown(one['at'], now)}  {who} {told}{because} ({one['author']}){undone}"
