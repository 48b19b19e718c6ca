"""What tests of the demo share: a small fleet as the database knows it, and a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from outreachd.demo.fleet import ACCOUNTS, build_fleet
from outreachd.demo.people import people
from outreachd.demo.referee import Accepted
from outreachd.rules.calendar import workday_opening
from outreachd.rules.contact_row import NewContact
from outreachd.rules.model import Roster
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.roster import read_roster
from outreachd.store.vault import Vault

MONDAY = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
MAILBOXES, CONTACTS = 8, 60


@dataclass(frozen=True, slots=True)
class Played:
    """A fleet, its contacts, and letters to all of them without a fault."""

    roster: Roster
    contacts: dict[str, list[NewContact]]
    letters: list[Accepted]


@pytest_asyncio.fixture
async def played(db: Database) -> Played:
    """Give a faultless day: mailboxes in turn, each at ease."""
    fleet = build_fleet(MAILBOXES, dict.fromkeys(ACCOUNTS, 2525))
    async with db.connection() as connection:
        await apply(connection, fleet, Vault(b"k" * 32), now=MONDAY, author="test")
        roster = await read_roster(connection)
    contacts = people(MAILBOXES, CONTACTS, seed=1)
    return Played(roster, contacts, _faultless(roster, contacts))


def _faultless(roster: Roster, contacts: dict[str, list[NewContact]]) -> list[Accepted]:
    letters = []
    sent = dict.fromkeys(roster.domains, 0)
    for campaign in roster.campaigns.values():
        boxes = [roster.mailboxes[id] for id in campaign.mailbox_ids]
        for person in contacts[campaign.name]:
            nth = sent[boxes[0].domain_id]
            box = boxes[nth % len(boxes)]
            sent[box.domain_id] += 1
            opens = workday_opening(MONDAY, 540, 1080, box.timezone)
            letters.append(
                Accepted(
                    at=(opens + timedelta(hours=1, minutes=10 * nth)).timestamp(),
                    mailbox=box.address,
                    recipient=person.email,
                    message_id=f"<{person.line}@{box.address.partition('@')[2]}>",
                    account=ACCOUNTS[0],
                )
            )
    return letters
