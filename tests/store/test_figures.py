"""The laws of figures: each can be counted again from the raw rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from outreachd.rules.figures import COUNTS, By, total
from outreachd.store.database import Connection, Database
from outreachd.store.figures import Asked, read_figures
from outreachd.store.steering import NoSuchError
from tests.store.seed import NOW, add_send, seed_fleet

DAY = timedelta(days=1)
WHAT = ("answered", "auto_replied", "complained", "opted_out", "left_company")
CLASSES = ("hard_no_user", "block_ip", "content_spam", "soft_mailbox_full", "unknown")


async def furnish(connection: Connection, dice: Random) -> list[dict[str, Any]]:
    """Write two hundred letters and what came of them; tell the same in Python."""
    await seed_fleet(connection)
    told = []
    for n in range(1, 201):
        letter = {
            "campaign": dice.choice((1, 2)),
            "mailbox": dice.choice((1, 2, 3)),
            "step": dice.choice((1, 2)),
            "variant": dice.choice((None, "a", "b")),
            "state": dice.choice(("sent", "sent", "sent", "failed", "uncertain")),
            "at": NOW - DAY * dice.randrange(5),
            "what": {one for one in WHAT if dice.random() < 0.2},
            "class": dice.choice((None, None, *CLASSES)),
            "delivered": dice.random() < 0.3,
        }
        told.append(letter)
        await _write(connection, n, letter)
    return told


async def _write(connection: Connection, n: int, letter: dict[str, Any]) -> None:
    attempt_id = UUID(int=n)
    send_id = await add_send(
        connection,
        f"p{n}@x.example",
        campaign_id=letter["campaign"],
        step_number=letter["step"],
        variant=letter["variant"],
        state=letter["state"],
        mailbox_id=letter["mailbox"],
        attempt_id=attempt_id,
        message_id=f"<{n}@x>",
        dated_at=letter["at"],
        letter_sha256=b"",
        changed_at=letter["at"],
    )
    await connection.execute(
        "INSERT INTO attempt (id, send_id, mailbox_id, account_id, domain_id,"
        " started_at, outcome) VALUES ($1, $2, $3, 1, 1, $4, $5)",
        attempt_id,
        send_id,
        letter["mailbox"],
        letter["at"],
        letter["state"],
    )
    for what in letter["what"]:
        await connection.execute(
            "INSERT INTO event (contact_id, send_id, what, source, author, at)"
            " SELECT contact_id, id, $2, 's', 'a', $3 FROM send WHERE id = $1",
            send_id,
            what,
            NOW,
        )
    for key, kind, action in (
        (letter["class"], "class", "failed"),
        ("" if letter["delivered"] else None, "delivered", "delivered"),
    ):
        if key is not None:
            await connection.execute(
                "INSERT INTO notice (fingerprint, at, source, kind, class, send_id,"
                " evidence, action) VALUES ($1, $2, 's', 'dsn', $3, $4, 'token', $5)",
                f"{n}{kind}".encode(),
                NOW,
                key,
                send_id,
                action,
            )


def counted(letters: list[dict[str, Any]], since: Any) -> dict[str, int]:
    """Count by hand."""
    sums: dict[str, int] = defaultdict(int)
    for letter in letters:
        if letter["at"] < since or letter["state"] == "uncertain":
            continue
        if letter["state"] == "failed":
            sums["refused"] += 1
            continue
        sums["sent"] += 1
        arrived = letter["what"] & {"answered", "auto_replied", "complained"}
        arrived |= letter["what"] & {"left_company"}
        sums["delivered"] += bool(arrived or letter["delivered"])
        for what in ("answered", "complained", "opted_out"):
            sums[what] += what in letter["what"]
        match letter["class"]:
            case None:
                pass
            case "hard_no_user":
                sums["bounced_hard"] += 1
            case "block_ip" | "content_spam":
                sums["bounced_block"] += 1
            case _:
                sums["bounced_soft"] += 1
    return {name: sums[name] for name in COUNTS}


@pytest.mark.parametrize("seed", range(3))
async def test_figures_are_what_the_rows_say(db: Database, seed: int) -> None:
    """By whatever they are asked of, they add up to what is counted by hand."""
    since = NOW - 3 * DAY
    async with db.connection() as connection:
        letters = await furnish(connection, Random(seed))
    expected = counted(letters, since)
    for by in By:
        figures = await read_figures(db, Asked(by=by, since=since, until=NOW + DAY))
        whole = total(figures)
        assert {name: getattr(whole, name) for name in COUNTS} == expected, by
    by_box = await read_figures(
        db, Asked(by=By.MAILBOX, since=since, until=NOW + DAY, campaign="spring")
    )
    for figure in by_box:
        box = int(figure.name[3])
        own = [m for m in letters if m["mailbox"] == box and m["campaign"] == 1]
        expected = counted(own, since)
        assert {name: getattr(figure, name) for name in COUNTS} == expected


async def test_names_say_of_what(db: Database) -> None:
    """A variant bears its step's and campaign's names; no letters make no rows."""
    async with db.connection() as connection:
        await furnish(connection, Random(1))
    asked = Asked(by=By.VARIANT, since=NOW - 9 * DAY, until=NOW + DAY, client="acme")
    names = [figure.name for figure in await read_figures(db, asked)]
    assert names[0] == "autumn/1/-"
    assert "spring/2/b" in names
    nothing = Asked(by=By.CLIENT, since=NOW + DAY, until=NOW + 2 * DAY)
    assert await read_figures(db, nothing) == []


async def test_a_name_that_nobody_has_is_said(db: Database) -> None:
    """A slip is no empty report."""
    for more in ({"client": "nobody"}, {"campaign": "nothing"}):
        asked = Asked(by=By.CLIENT, since=NOW, until=NOW, **more)
        with pytest.raises(NoSuchError, match="there is no"):
            await read_figures(db, asked)
