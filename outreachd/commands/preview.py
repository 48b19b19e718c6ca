"""``outreachd preview CAMPAIGN --contact ADDRESS``: a letter as it would be sent.

Written by the real engine and sent to nobody; its opt-out link opens nothing. Prints
subject and text; with --out also writes the letter (.eml) and its HTML (.html). What
would hold the send ends with the same sentence and exit 1. ``--step 0`` is the letter
of a double opt-in.
"""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import click

from outreachd.commands.base import (
    Desk,
    FailedError,
    MisusedError,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.flow.clerk import Written
from outreachd.flow.pool import Permit
from outreachd.mistakes import unknown
from outreachd.proof import Proofs
from outreachd.rules.address import BadAddressError, normalise_recipient
from outreachd.rules.letter import Unfillable
from outreachd.rules.model import Campaign, Roster, Step
from outreachd.rules.sequence import CONFIRMATION, step_of
from outreachd.store.content import PgContents
from outreachd.store.readers import Reader, find_reader
from outreachd.store.roster import read_roster

# Where no public listener is configured the link would be missing: shown, not sent.
NOWHERE = "https://opt-out.invalid"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to see."""

    campaign: str
    contact: str
    step: int
    variant: str | None


@click.command("preview", help="Show a letter as a contact would get it.")
@click.argument("campaign")
@click.option("--contact", required=True, help="The address of a contact.")
@click.option(
    "--step",
    default=1,
    type=click.IntRange(0),
    show_default=True,
    help="Which letter of the sequence; 0: the one that asks for a yes.",
)
@click.option("--variant", help="This wording, not the one the contact draws.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the letter and its HTML into this directory.",
)
@config_option
@json_option
def command(
    campaign: str,
    contact: str,
    step: int,
    variant: str | None,
    out: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Show a letter."""
    execute(preview(config, Order(campaign, contact, step, variant), out, as_json))


async def preview(
    config: Path | None, order: Order, out: Path | None, as_json: bool
) -> None:
    """Write the letter, show it."""
    async with desk(config) as opened:
        written = await _written(opened, order)
    message = email.message_from_bytes(
        written.letter.message, policy=email.policy.default
    )
    assert isinstance(message, EmailMessage)
    files = _save(message, written.letter.message, order.step, out) if out else []
    text, markup = _body(message, "plain"), _body(message, "html")
    if as_json:
        show_json(
            {
                "campaign": order.campaign,
                "step": order.step,
                "variant": written.variant,
                "from": str(message["From"]),
                "to": str(message["To"]),
                "subject": written.letter.subject,
                "text": text,
                "html": markup,
                "attachments": [p.get_filename() for p in message.iter_attachments()],
                "octets": len(written.letter.message),
                "files": files,
            }
        )
        return
    for name in ("From", "To", "Subject"):
        click.echo(f"{name}: {message[name]}")
    for part in message.iter_attachments():
        click.echo(f"Attached: {part.get_filename()}")
    click.echo(f"\n{text}")
    for file in files:
        click.echo(f"Wrote {file}", err=True)


async def _written(opened: Desk, order: Order) -> Written:
    try:
        address = normalise_recipient(order.contact)
    except BadAddressError as error:
        raise MisusedError(f"--contact {order.contact}: {error}.") from None
    async with opened.database.connection() as connection:
        roster = await read_roster(connection)
        campaign = campaign_of(roster, order.campaign)
        reader = await find_reader(connection, campaign.id, address)
    if reader is None:
        client = roster.clients[campaign.client_id].name
        raise FailedError(f"{client} has no contact {address}: `outreachd import` it.")
    variants = [one.name for one in _step(campaign, order.step).variants]
    if order.variant is not None and order.variant not in variants:
        raise MisusedError(unknown("variant", order.variant, variants))
    proofs = proofs_of(opened, roster)
    permit = proofs.permit(campaign, reader.mailbox_id)
    if permit is None:
        raise FailedError(f"the pool of {order.campaign} has no mailbox.")
    made = await _in_thread(proofs, permit, reader, order)
    if isinstance(made, Unfillable):
        raise FailedError(f"it would be held ({made.reason}): {made.detail}")
    return made


def _step(campaign: Campaign, number: int) -> Step:
    step = step_of(campaign, number)
    if step is not None:
        return step
    if number == CONFIRMATION:
        raise MisusedError(
            f"{campaign.name} asks nobody for a yes first: it has no `confirm` letter."
        )
    raise MisusedError(
        f"{campaign.name} has {len(campaign.steps)} steps, not {number}."
    )


async def _in_thread(
    proofs: Proofs, permit: Permit, reader: Reader, order: Order
) -> Written | Unfillable:
    """Write the letter, and before it the one whose thread it goes on."""
    thread: Written | None = None
    for number in range(1, order.step):
        first = await proofs.letter(permit, reader, number, thread=thread)
        if isinstance(first, Unfillable):
            return first
        if first.opens_thread:
            thread = first
    return await proofs.letter(
        permit, reader, order.step, variant=order.variant, thread=thread
    )


def campaign_of(roster: Roster, name: str) -> Campaign:
    """Find a campaign by its name."""
    named = {campaign.name: campaign for campaign in roster.campaigns.values()}
    if name not in named:
        raise MisusedError(unknown("campaign", name, named))
    return named[name]


def proofs_of(opened: Desk, roster: Roster) -> Proofs:
    """Make the writer of proofs with the settings of the daemon."""
    public = opened.settings.http.public
    return Proofs(
        roster,
        PgContents(opened.database),
        opened.clock,
        base_url=public.base_url or NOWHERE,
        unsubscribe_mailto=public.unsubscribe_mailto,
    )


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if not isinstance(part, EmailMessage):
        return None
    return str(part.get_content()).replace("\r\n", "\n")


def _save(message: EmailMessage, raw: bytes, step: int, out: Path) -> list[str]:
    """Write the files for a mail reader and a browser."""
    contents = {f"step-{step}.eml": raw}
    if markup := _body(message, "html"):
        contents[f"step-{step}.html"] = markup.encode()
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (out / name).write_bytes(content)
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        raise FailedError(f"{out} cannot be written to: {why}.") from None
    return [str(out / name) for name in contents]
