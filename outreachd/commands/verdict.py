"""``outreachd verdict < replies``: what outreachd makes of a server's replies.

A line a reply: a bare one, or the tail of a bounce as people paste it. It says the
class, whom the failure is about, whether it may pass, and what follows; it touches
nothing. ``--phase`` says how far the dialogue had come, else the line's own hint
counts; ``--host`` whose server spoke: the one we submit to, or the recipient's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from outreachd.commands.base import config_option, execute, json_option, show_json
from outreachd.rules.model import Phase
from outreachd.rules.reply import action, judge, read

OURS = "ours"
MAX_LINE = 64 << 10  # characters; what is behind is not read


@click.command("verdict", help="Tell what outreachd makes of a server's replies.")
@click.option(
    "--phase",
    type=click.Choice([phase.value for phase in Phase]),
    help="What the server answered to; else the reply's own hint, or rcpt.",
)
@click.option(
    "--host",
    type=click.Choice([OURS, "mx"]),
    default=OURS,
    show_default=True,
    help="Whose server spoke: the one we submit to, or the recipient's.",
)
@config_option
@json_option
def command(phase: str | None, host: str, config: Path | None, as_json: bool) -> None:
    """Read replies from standard input; the settings change nothing in it."""
    del config
    execute(tell(Phase(phase) if phase else None, host == OURS, as_json))


async def tell(phase: Phase | None, ours: bool, as_json: bool) -> None:
    """Print a line a reply, in their order; blank lines are no replies."""
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    for line in sys.stdin:
        if not line.strip():
            continue
        verdict = judge(read(line[:MAX_LINE], phase), ours=ours)
        row = {
            "class": verdict.reason,
            "scope": verdict.scope,
            "permanence": verdict.permanence,
            "action": action(verdict),
        }
        if as_json:
            show_json(row)
        else:
            click.echo("{class}: {scope}, {permanence}; {action}".format(**row))
