"""A desk to write at: a clerk, a reporter and a permit, for their tests."""

from __future__ import annotations

from typing import Any

from outreachd.flow.clerk import Clerk, Written
from outreachd.flow.pool import Permit
from outreachd.flow.reporter import Reporter
from outreachd.rules.model import Claim
from tests.flow.world import World
from tests.rosters import MONDAY, campaign, mailbox, roster, step


class Desk:
    """A clerk and a reporter with a permit to work on."""

    def __init__(self, *steps: Any) -> None:
        self.world = World(roster(mailbox(), campaign(steps=steps or (step(),))))
        pool = self.world.pool
        permit = pool.take(pool.lanes[1], pool.roster.campaigns[1], MONDAY, 0.0)
        assert isinstance(permit, Permit)
        self.permit = permit
        self.clerk: Clerk = self.world.clerk()
        self.wordings = self.clerk.wordings
        self.reporter: Reporter = self.world.journey.reporter

    def write(self, claim: Claim) -> Written:
        """Write a letter that can be written."""
        written = self.clerk.write(claim, self.permit)
        assert isinstance(written, Written), written
        return written


def claim(**changes: Any) -> Claim:
    """Make a claimed first touch."""
    values: dict[str, Any] = {
        "send_id": 1,
        "campaign_id": 1,
        "step_number": 1,
        "enrolment_id": 5,
        "contact_id": 1,
        "email": "p@x.example",
        "variables": b'{"first_name": "Pat"}',
        "place": "",
        "mailbox_id": None,
        "due_at": MONDAY,
        "first_due_at": MONDAY,
        "attempts": 0,
        "message_id": None,
        "dated_at": None,
        "letter_sha256": None,
        "thread": None,
        "thread_subject": None,
    }
    return Claim(**values | changes)
