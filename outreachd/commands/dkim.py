"""``outreachd dkim DOMAIN``: make the keys that sign a domain's letters.

Makes what the fleet file asks for (``[[domain]] dkim``), or one key of --selector and
--kind; a key that is there already is shown again, never replaced. Prints the DNS
records, parted into strings of 255 octets, and whether each is published already. The
private key is sealed in the database and shown nowhere. Exit 0 also while unpublished.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from outreachd.commands.base import (
    Desk,
    FailedError,
    MisusedError,
    author,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.domain_watch import Records, followed
from outreachd.fleet.forms import Selector
from outreachd.rules.dkim_record import (
    KeyKind,
    PublicKey,
    check_key,
    pieces,
    record_name,
    record_text,
    wished,
)
from outreachd.rules.finding import Finding, Found
from outreachd.store import sql
from outreachd.store.dkim import KeyTakenError, make_dkim_key
from outreachd.store.roster_rows import dkim_of
from outreachd.wire.dns_records import records_or_faults

Wanted = Sequence[tuple[str, KeyKind]]


def a_selector(
    context: click.Context, parameter: click.Parameter, name: str | None
) -> str | None:
    """Take a selector that a fleet file may name too."""
    if name is None:
        return None
    try:
        return TypeAdapter(Selector).validate_python(name)
    except ValidationError:
        raise click.BadParameter('must be a DNS label such as "o1"') from None


@click.command("dkim", help="Make a domain's signing keys and print their DNS records.")
@click.argument("domain")
@click.option(
    "--selector",
    callback=a_selector,
    help="Make one key of this name; default: as applied.",
)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in KeyKind]),
    default=KeyKind.RSA.value,
    show_default=True,
    help="Of the key that --selector names.",
)
@config_option
@json_option
def command(
    domain: str, selector: str | None, kind: str, config: Path | None, as_json: bool
) -> None:
    """Make and show keys."""
    one = ((selector, KeyKind(kind)),) if selector else ()
    execute(dkim(domain.lower(), one, config, as_json))


async def dkim(
    name: str,
    wanted: Wanted,
    config: Path | None,
    as_json: bool,
    records: Records | None = None,
) -> None:
    """Make what is wanted, look what is published, show."""
    async with desk(config) as opened:
        keys = await _keys(opened, name, wanted)
        if records is None:
            records = records_or_faults(opened.settings.checks.name_servers)
    found = [await followed(check_key(name, key), records) for key, _ in keys]
    if as_json:
        shown = [
            _row(name, key, made, one)
            for (key, made), one in zip(keys, found, strict=True)
        ]
        show_json({"domain": name, "keys": shown})
        return
    for (key, made), one in zip(keys, found, strict=True):
        _print(name, key, made, one)


async def _keys(
    opened: Desk, name: str, wanted: Wanted
) -> list[tuple[PublicKey, bool]]:
    """Make the keys that are not there yet; True = it is new."""
    async with opened.database.connection() as connection:
        row = await connection.fetchrow(sql.text("dkim_wish"), name)
        if row is None:
            raise MisusedError(
                f"there is no domain {name} in the fleet: put it into the fleet file"
                f" and run `outreachd apply`."
            )
        if not wanted:
            wanted = wished(dkim_of(row))
        if not wanted:
            raise MisusedError(
                f"{name} does not sign: give --selector, or put dkim = {{ selector ="
                f' "o1", sign = "rsa" }} into its [[domain]] and apply that.'
            )
        made = []
        for selector, kind in wanted:
            try:
                key, is_new = await make_dkim_key(
                    connection,
                    opened.vault,
                    row["id"],
                    selector,
                    kind,
                    author=author(),
                    now=opened.clock.now(),
                )
            except KeyTakenError as error:
                raise FailedError(str(error)) from None
            made.append((key.public, is_new))
    return made


def _row(name: str, key: PublicKey, is_new: bool, found: Found) -> dict[str, Any]:
    return {
        "selector": key.selector,
        "kind": key.kind.value,
        "name": record_name(key.selector, name),
        "record": record_text(key),
        "strings": pieces(record_text(key)),
        "made": is_new,
        "published": found.finding.value,
        "detail": found.detail,
    }


def _print(name: str, key: PublicKey, is_new: bool, found: Found) -> None:
    word = "made" if is_new else "there already"
    click.echo(f"; {key.kind} key {key.selector} of {name}: {word}. Publish:")
    strings = " ".join(f'"{piece}"' for piece in pieces(record_text(key)))
    click.echo(f"{record_name(key.selector, name)}. IN TXT ( {strings} )")
    if found.finding is Finding.OK:
        click.echo("; It is published.")
    elif found.finding is Finding.UNKNOWN:
        click.echo(f"; Whether it is published is not known: {found.detail}.")
    else:
        click.echo("; It is not published yet: do so before [[domain]] dkim names it,")
        click.echo("; or letters bear a signature that nobody can verify.")
    click.echo()
