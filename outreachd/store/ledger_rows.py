"""Rows of the ledger as values, and batches as its statements take them.

Plain values from plain values; the ledger does the asking. Instants are aware.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import asyncpg
import msgspec

from outreachd.rules.model import Claim, State
from outreachd.rules.records import GiveBack, Intent, Outcome, Queue, Want


def split(
    wants: Iterable[Want],
) -> tuple[list[tuple[int, int]], list[tuple[Queue, int]]]:
    """Part what is wanted of lanes, by mailbox id, from what is wanted of queues."""
    lanes: list[tuple[int, int]] = []
    queues: list[tuple[Queue, int]] = []
    for want in wants:
        if isinstance(want.source, Queue):
            queues.append((want.source, want.count))
        else:
            lanes.append((want.source, want.count))
    return lanes, queues


def source_of(claim: Claim) -> int | Queue:
    """Tell which want a claimed row answers: its mailbox's, or its queue's."""
    if claim.mailbox_id is not None:
        return claim.mailbox_id
    return Queue(claim.campaign_id, claim.place)


def suppressed(row: asyncpg.Record) -> GiveBack:
    """Give back a claimed row that must not be sent."""
    return GiveBack(
        send_id=row["id"], state=State.SUPPRESSED, due_at=None, reason="suppressed"
    )


def claim_of(row: asyncpg.Record) -> Claim:
    """Read a claimed row; the contact's variables stay as they are stored, JSON."""
    return Claim(
        send_id=row["id"],
        campaign_id=row["campaign_id"],
        step_number=row["step_number"],
        enrolment_id=row["enrolment_id"],
        contact_id=row["contact_id"],
        email=row["email"],
        variables=row["variables"].encode(),
        language=row["language"],
        country=row["country"],
        place=row["place"],
        mailbox_id=row["mailbox_id"],
        due_at=row["due_at"],
        first_due_at=row["first_due_at"],
        attempts=row["attempts"],
        message_id=row["message_id"],
        dated_at=row["dated_at"],
        letter_sha256=row["letter_sha256"],
        thread=row["thread"],
        thread_subject=row["thread_subject"],
        content_id=row["content_id"],
        variant=row["variant"],
    )


def as_json(rows: Sequence[GiveBack] | Sequence[Intent] | Sequence[Outcome]) -> str:
    """Write a batch as the one JSON array that its statement takes."""
    return msgspec.json.encode(rows).decode()
