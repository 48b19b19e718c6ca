"""What this daemon has handed over lately, and whether the database still knows it.

A server that took over by an asynchronous failover may lack the last seconds that the
old one had confirmed: letters that went out wait there again. So the newest attempts
are kept in memory, and looked for before anything is claimed over new connections; a
letter whose attempt or end is gone waits for a person, as `uncertain`. One that was
refused is not kept: to try it again is right. Errors: those of the connection.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from outreachd.rules.model import State
from outreachd.rules.records import Intent, IntentAnswer, Outcome
from outreachd.store import sql
from outreachd.store.database import Connection

log = structlog.get_logger()

# Attempts: a minute at the highest speed, hours at that of a usual fleet.
REMEMBERED = 10_000
ARRIVED = (State.SENT, State.UNCERTAIN)


class Recent:
    """The newest attempts of one owner of the lease."""

    def __init__(self) -> None:
        # By attempt: the send, and whether its end was recorded.
        self._attempts: OrderedDict[UUID, tuple[int, bool]] = OrderedDict()
        self._checked = 0  # connections made when it was looked at last

    def begun(self, intents: Sequence[Intent], answers: Sequence[IntentAnswer]) -> None:
        """Remember the letters that were let go."""
        for intent, answer in zip(intents, answers, strict=True):
            if answer is IntentAnswer.GRANTED:
                self._attempts[intent.attempt_id] = (intent.send_id, False)
        while len(self._attempts) > REMEMBERED:
            self._attempts.popitem(last=False)

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Remember of which the end is in the database; forget who got nothing."""
        for outcome in outcomes:
            if outcome.attempt_id in self._attempts:
                if outcome.state in ARRIVED:
                    self._attempts[outcome.attempt_id] = (outcome.send_id, True)
                else:
                    del self._attempts[outcome.attempt_id]

    async def check(self, connection: Connection, made: int, now: datetime) -> None:
        """Look for them where connections are new since the last look.

        ``made``: how many connections were made, as of the one that is lent.
        """
        if made == self._checked:
            return
        if self._attempts:
            held = await connection.fetchval(
                sql.text("hold_forgotten"),
                [send_id for send_id, _ in self._attempts.values()],
                list(self._attempts),
                [has_ended for _, has_ended in self._attempts.values()],
                now,
            )
            if held:
                log.error("ledger.forgot", letters=held)
        self._checked = made
