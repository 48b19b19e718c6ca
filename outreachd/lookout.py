"""The lookout: whether letters leave now, and if not, why.

Joins what waits (the database), what the gates say of it (whoever explains) and what
servers do (the running shift, where there is one). The daemon tells it at ``/readyz``,
``/v1/status``, in the log and by a metric; ``status`` does the same where no daemon
answers. Errors: LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Any

from outreachd.rules.standstill import Now, idle, not_due, standing
from outreachd.store.database import Database
from outreachd.store.waiting import left_over, oldest_due

MANY_CAMPAIGNS = 20  # more are not asked one by one

Explain = Callable[[int], Awaitable[Mapping[str, Any] | None]]


async def look(
    database: Database,
    explain: Explain,
    now: datetime,
    *,
    silent: Sequence[str] = (),
    accepted_s: float = inf,
) -> Now:
    """Say what is going on.

    ``silent``: a clause for each account whose server accepts nothing; ``accepted_s``:
    since any accepted a letter.
    """
    async with database.connection() as connection:
        oldest = await oldest_due(connection)
        left = None if oldest else await left_over(connection)
    if left is not None:
        return idle(left)
    due = [id for id, due_at in oldest if due_at <= now]
    asked = due[:MANY_CAMPAIGNS] or [oldest[0][0]]
    told = [row for id in asked if (row := await explain(id)) is not None]
    if not told:  # gone meanwhile: the next look tells
        return standing([{"campaign": "", "gates": ()}], (), accepted_s=0.0, now=now)
    if not due:
        return not_due(told[0], oldest[0][1])
    return standing(told, silent, accepted_s=accepted_s, now=now)
