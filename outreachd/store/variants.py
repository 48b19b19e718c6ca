"""How the wordings of a campaign do, counted.

Reads only; one picture of a running campaign, letters under way left out. A wording
that is no longer in the fleet keeps its count, without a weight.
Errors: NoSuchError for a campaign nobody has; LedgerAwayError.
"""

from __future__ import annotations

from dataclasses import dataclass

from outreachd.rules.model import Kind
from outreachd.store import sql
from outreachd.store.database import Connection
from outreachd.store.steering import find


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The letters of one wording of a step, and what came of them."""

    step: int
    name: str
    weight: float | None  # None = not in the fleet any more
    sent: int
    answered: int
    bounced: int  # by the server at once, or by a notice later
    complained: int
    opted_out: int
    tried: int  # sent, or refused at once: what may bounce


async def count_variants(connection: Connection, campaign: str) -> list[Tally]:
    """Count by step and wording, in the order of the fleet file."""
    campaign_id = await find(connection, Kind.CAMPAIGN, campaign)
    return [
        Tally(
            step=row["step"],
            name=row["name"],
            weight=row["weight"],
            sent=row["sent"],
            answered=row["answered"],
            bounced=row["bounced"] + row["refused"],
            complained=row["complained"],
            opted_out=row["opted_out"],
            tried=row["sent"] + row["refused"],
        )
        for row in await connection.fetch(sql.text("count_variants"), campaign_id)
    ]
