"""What `holds`, `release` and `drop` share: choosing held sends, showing, asking.

Shows what an order is about, by campaign and reason, and asks if that is more than one
send; ``--yes`` does not ask. Nothing is done until the answer is yes.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import click

from outreachd.clock import RealClock
from outreachd.commands.base import FailedError, MisusedError, author, desk, show_json
from outreachd.rules.written import counted, parse_duration_s, parse_number
from outreachd.store.holds import Choice, Held, PgHolds, Settled

NOTHING = "Nothing of that kind is held; `outreachd holds` tells what is."

GROUNDLESS = (
    "without a ground of consent that the campaign accepts, or the yes it asks for,"
    " they would be held again at once; import those people again with consent_basis,"
    " then release, or `outreachd drop --reason no_consent`"
)


def choice_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose held sends; the verb is given them as ``choice``."""

    @wraps(verb)
    def chosen(
        campaign: str | None,
        reason: str | None,
        ids: tuple[str, ...],
        older_than: str | None,
        **others: Any,
    ) -> None:
        verb(choice=choice_of(campaign, reason, ids, older_than), **others)

    for option in (
        click.option(
            "--older-than", help='Only those held for longer, such as "3 days".'
        ),
        click.option(
            "--send",
            "--ids",
            "ids",
            multiple=True,
            help="Only these; repeat, or 1,2,3.",
        ),
        click.option("--reason", help="Only those held for this reason."),
        click.option("--campaign", help="Only those of this campaign."),
    ):
        chosen = option(chosen)
    return chosen


def choice_of(
    campaign: str | None,
    reason: str | None,
    ids: Sequence[str],
    older_than: str | None,
) -> Choice:
    """Read the options."""
    words = [word for one in ids for word in one.split(",") if word.strip()]
    try:
        numbers = [parse_number(word.strip()) for word in words] or None
    except ValueError:
        raise click.UsageError("--ids takes numbers of sends, such as 1,2,3.") from None
    before = None
    if older_than is not None:
        try:
            before = RealClock().now() - timedelta(seconds=parse_duration_s(older_than))
        except ValueError as error:
            raise click.UsageError(f"--older-than {error}.") from None
    return Choice(campaign=campaign, reason=reason, ids=numbers, before=before)


async def settle(
    config: Path | None,
    choice: Choice,
    verb: str,
    done: str,
    warn: Callable[[Sequence[Held]], None],
    *,
    is_sure: bool,
    as_json: bool,
) -> None:
    """Show, ask, order: ``verb`` is release or drop, ``done`` the same as past."""
    async with desk(config) as opened:
        holds = PgHolds(opened.database)
        held = await holds.list(choice)
        total = sum(row.n for row in held)
        if verb == "release":
            total -= sum(row.groundless for row in held)
        if not as_json:
            show(held)
            warn(held)
        if total > 1 and not is_sure:
            _ask(verb, done, total, can_ask=not as_json and sys.stdin.isatty())
        order: Callable[..., Awaitable[Settled]] = getattr(holds, verb)
        settled = await order(choice, author=author(), now=opened.clock.now())
    _tell(settled, verb, done, as_json=as_json)


def _tell(settled: Settled, verb: str, done: str, *, as_json: bool) -> None:
    """Say how many; raise FailedError where some could not go."""
    n, stay = settled.n, settled.groundless
    if as_json:
        show_json({done: n} | ({"groundless": stay} if verb == "release" else {}))
    elif n or not stay:
        click.echo(f"{done.capitalize()} {counted(n, 'send')}." if n else NOTHING)
    if stay:
        stays = "stays" if stay == 1 else "stay"
        raise FailedError(f"{counted(stay, 'send')} {stays} held: {GROUNDLESS}.")


def show(held: Sequence[Held]) -> None:
    """List what an order is about."""
    for row in held:
        click.echo(f"{row.n:>6}  {row.campaign}: {row.reason}")


def _ask(verb: str, done: str, total: int, *, can_ask: bool) -> None:
    if not can_ask:
        raise MisusedError(
            f"nothing was {done}: {total} sends are held, add --yes to {verb} them "
            "without being asked."
        )
    if not click.confirm(f"{verb.capitalize()} {total} sends?"):
        raise FailedError(f"nothing was {done}.")
