"""What a hand-over or a bounce teaches: figures, and who must rest (station 10).

A failure rests only whom its verdict is about; a success ends the rest. What only a
person can mend is paused in the ledger, so that it stays paused after a restart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from outreachd.clock import Clock
from outreachd.flow.journey import Ending
from outreachd.flow.pool import Permit, Pool
from outreachd.rules.actions import Letter
from outreachd.rules.admission import Setback
from outreachd.rules.model import Kind, Permanence, State, Verdict
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.setback import consequence, target
from outreachd.telemetry import Metrics

log = structlog.get_logger()

SENDERS = (Kind.MAILBOX, Kind.DOMAIN, Kind.ACCOUNT)

Pauser = Callable[[Kind, int, str], Awaitable[None]]


class Feedback:
    """Learns from endings, for one pool."""

    def __init__(
        self, pool: Pool, metrics: Metrics, clock: Clock, pause: Pauser
    ) -> None:
        self._pool = pool
        self._metrics = metrics
        self._clock = clock
        self._pause = pause
        # Failures in a row, and the newest rest they brought.
        self._failures: dict[tuple[Kind, int], tuple[int, Setback]] = {}

    async def learn(self, permit: Permit, ending: Ending) -> None:
        """Count an ending and draw its consequence."""
        self._count(permit, ending)
        verdict, reply = ending.verdict, ending.reply
        if verdict is None or reply is None:
            return
        if verdict.permanence is Permanence.ACCEPTED:
            if self._failures:
                self._recovered(permit)
            return
        why = f"{reply.phase}: {reply.code} {reply.text}"
        ids = {kind: _id(kind, permit) for kind in SENDERS}
        await self._failed(
            verdict, ids, why, own_login=permit.route.mailbox_id is not None
        )

    async def told(self, letter: Letter, verdict: Verdict, text: str) -> None:
        """Draw the consequence of what a bounce says of who sent the letter."""
        box = self._pool.roster.mailboxes.get(letter.mailbox_id)
        if box is None or letter.account_id is None:
            return  # it has left the fleet
        ids = {
            Kind.MAILBOX: letter.mailbox_id,
            Kind.DOMAIN: letter.domain_id,
            Kind.ACCOUNT: letter.account_id,
        }
        own_login = box.username is not None
        await self._failed(verdict, ids, f"bounce: {text}", own_login=own_login)

    async def _failed(
        self, verdict: Verdict, ids: Mapping[Kind, int], why: str, *, own_login: bool
    ) -> None:
        kind = target(verdict, own_login=own_login)
        if kind is None:
            return
        id = ids[kind]
        failures, rest = self._failures.get((kind, id), (0, None))
        failures += 1
        found = consequence(
            verdict,
            own_login=own_login,
            failures=failures,
            why=why,
            mono=self._clock.monotonic(),
            rest=rest,
        )
        assert found is not None
        self._failures[kind, id] = failures, found.setback
        if found.setback is not rest:  # else one of those that failed together
            self._set_back(found.kind, id, found.setback)
            log.warning(
                "sender.set_back",
                kind=found.kind.value,
                id=id,
                rounds=found.setback.failures,
                reason=verdict.reason,
            )
        if found.is_pause:
            try:
                await self._pause(found.kind, id, f"{verdict.reason}: {why}"[:200])
            except LedgerAwayError:
                log.warning("pause.unwritten", kind=found.kind.value, id=id)

    def _recovered(self, permit: Permit) -> None:
        for kind in SENDERS:
            key = (kind, _id(kind, permit))
            if self._failures.pop(key, None):
                self._set_back(*key, None)

    def _set_back(self, kind: Kind, id: int, setback: Setback | None) -> None:
        self._pool.set_back(
            kind, id, setback, self._clock.now(), self._clock.monotonic()
        )

    def _count(self, permit: Permit, ending: Ending) -> None:
        client = self._pool.roster.clients.get(permit.campaign.client_id)
        outcome = "retry" if ending.state is State.SCHEDULED else ending.state.value
        self._metrics.sends(
            client.name if client else "",
            permit.campaign.direction,
            permit.account.name,
            outcome,
        ).inc()
        if ending.verdict is not None and ending.verdict.reason == "unknown":
            self._metrics.unknown_replies(permit.account.name).inc()


def _id(kind: Kind, permit: Permit) -> int:
    match kind:
        case Kind.MAILBOX:
            return permit.lane.id
        case Kind.DOMAIN:
            return permit.lane.domain.domain.id
        case Kind.ACCOUNT:
            return permit.account.id
        case _:
            raise AssertionError(f"nothing rests by {kind}")
