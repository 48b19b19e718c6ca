"""The command line: one file a verb in ``commands``, loaded when it is called.

A sentence for each verb stands here, in the order in which a newcomer needs them, so
that the list of verbs needs none of the files.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from outreachd import __version__

VERBS = {
    "demo": "A fleet sends through a working day, on this machine only.",
    "run": "Send, until SIGTERM or Ctrl-C ends it.",
    "check": "Look whether settings, database and fleet are fit to send.",
    "dkim": "Make a domain's signing keys and print their DNS records.",
    "migrate": "Bring the database's schema up to date.",
    "apply": "Make the fleet what a fleet file wants.",
    "import": "Bring contacts into a campaign.",
    "lint": "Tell what is wrong with letters before they are sent.",
    "preview": "Show a letter as a contact would get it.",
    "status": "Tell where everything stands.",
    "explain": "Tell why a send has not gone, and when it may.",
    "plan": "Tell what will go out on a day, and what will be late.",
    "report": "Tell what came of the letters, as counts and rates.",
    "variants": "Tell which wording of a step does better.",
    "answered": "Stop the sequences of somebody who has answered.",
    "health": "Tell who is ill, and how far from it the others are.",
    "replay": "Tell what other rules of health would have done.",
    "pause": "Stop a client, campaign, domain, mailbox or account.",
    "resume": "End a pause.",
    "holds": "List what waits for a person, and why.",
    "release": "Let held sends go on.",
    "drop": "Never send held sends.",
    "suppress": "Never write to an address, domain or wildcard again.",
    "suppressions": "List, search, import, export or take back who is suppressed.",
    "person": "Show or forget all that is kept of one person.",
    "care": "List who has been silent for too long, and put them aside.",
    "notice": "Tell what outreachd makes of a mail that came back.",
    "verdict": "Tell what outreachd makes of a server's replies.",
}
FILES = {"import": "import_"}


class Verbs(click.Group):
    """Loads a verb's file only when it is called, so that each starts fast."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line, with three streams whoever started us has left."""
        _fill_standard_streams()
        return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the verbs in the order in which a newcomer needs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one verb."""
        if cmd_name not in VERBS:
            return None
        file = FILES.get(cmd_name, cmd_name)
        command = import_module(f"outreachd.commands.{file}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the verbs without loading them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _fill_standard_streams() -> None:
    """Open what was closed: a socket that became number 1 would be printed to.

    The event loop ends the whole process when it is to close such a socket.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            mode = "r" if number == 0 else "w"
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="outreachd")
def main() -> None:
    """Send honest outreach mail for a fleet of mailboxes, once each."""


if __name__ == "__main__":
    main()
