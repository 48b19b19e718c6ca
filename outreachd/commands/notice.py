"""``outreachd notice FILE...``: what outreachd makes of a mail that came back.

For people who wonder about a bounce, and for scripts: it touches nothing, asks no
database and no clock but today's. A FILE may be ``-`` (standard input) or a directory
(a Maildir, or any with one mail a file). A file that cannot be read is told and makes
the exit code 1; the others are still answered. ``--deliver`` instead keeps the mails
for the daemon, which acts on them: for the pipe of a mail server. Whatever is in the
way then ends it with 75, EX_TEMPFAIL of sysexits.h: no mail is lost to our mistakes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from outreachd.clock import RealClock
from outreachd.commands.base import (
    FailedError,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.rules.notice import Notice, understand
from outreachd.rules.notice_mail import MAX_MAIL
from outreachd.store.bookmarks import PgBookmarks

STDIN = "-"
AGAIN_LATER = 75


@click.command("notice", help="Tell what outreachd makes of a mail that came back.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--deliver", is_flag=True, help="Keep them for the daemon to act on.")
@config_option
@json_option
def command(
    files: tuple[str, ...], deliver: bool, config: Path | None, as_json: bool
) -> None:
    """Read mails and tell what they are, or keep them."""
    if not deliver:  # the settings change nothing in it
        execute(tell(files, as_json))
        return
    try:
        execute(keep(files, config, as_json))
    except SystemExit:  # it was told
        sys.exit(AGAIN_LATER)
    except Exception as bug:
        click.echo(f"outreachd: a bug, please report it: {bug!r}", err=True)
        raise SystemExit(AGAIN_LATER) from bug


async def keep(files: tuple[str, ...], config: Path | None, as_json: bool) -> None:
    """Store mails; when this returns, all are stored."""
    unread: list[str] = []
    async with desk(config) as opened:
        bookmarks = PgBookmarks(opened.database)
        for name, raw in _mails(files, unread):
            id = await bookmarks.hand_in(raw, opened.clock.now())
            if as_json:
                show_json({"file": name, "id": id})
    _refuse(unread)


def _refuse(unread: list[str]) -> None:
    if unread:
        raise FailedError(f"could not read {'; '.join(unread)}.")


async def tell(files: tuple[str, ...], as_json: bool) -> None:
    """Print a line a mail; raise FailedError at the end if one could not be read."""
    now = RealClock().now()
    unread: list[str] = []
    for name, raw in _mails(files, unread):
        notice = understand(raw, now=now)
        if as_json:
            show_json(as_row(name, notice))
        else:
            click.echo(f"{name}: {sentence(notice)}")
    _refuse(unread)


def _mails(files: tuple[str, ...], unread: list[str]) -> Iterator[tuple[str, bytes]]:
    """Read each mail; what cannot be read is noted and passed."""
    for name in _named(files, unread):
        try:
            raw = _octets(name)
        except OSError as error:
            unread.append(f"{name}: {error.strerror}")
        else:
            yield name, raw


def _named(files: tuple[str, ...], unread: list[str]) -> Iterator[str]:
    """Name each mail: directories are opened, in the order of their names."""
    for name in files:
        path = Path(name)
        if name == STDIN or not path.is_dir():
            yield name
            continue
        rooms = [path / "new", path / "cur"]
        rooms = [room for room in rooms if room.is_dir()] or [path]
        try:
            found = [file for room in rooms for file in sorted(room.iterdir())]
        except OSError as error:
            unread.append(f"{name}: {error.strerror}")
            continue
        yield from (str(file) for file in found if file.is_file())


def _octets(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read(MAX_MAIL)
    with Path(name).open("rb") as file:
        return file.read(MAX_MAIL)


def as_row(name: str, notice: Notice) -> dict[str, object]:
    """Write a notice as the contract says."""
    return {
        "file": name,
        "kind": notice.kind,
        "detail": notice.detail,
        "recipients": [
            {"recipient": one.recipient, "status": one.status, "class": one.reason}
            for one in notice.about
        ],
        "original_message_id": notice.original_message_id,
        "return_date": notice.return_date and notice.return_date.isoformat(),
    }


def sentence(notice: Notice) -> str:
    """Say a notice in words."""
    words = notice.kind + (f" ({notice.detail})" if notice.detail else "")
    for one in notice.about:
        status = f" {one.status}" if one.status else ""
        words += f"; {one.recipient or 'somebody'}: {one.reason}{status}"
    if notice.return_date:
        words += f"; back on {notice.return_date.isoformat()}"
    if notice.original_message_id:
        words += f"; about {notice.original_message_id}"
    return words
