"""What a hand-over or a bounce teaches: figures, and who must rest (station 10).

A failure rests only whom its verdict is about; a success ends the rest. What only a
person can mend is paused in the ledger, so that it stays paused after a restart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog

from outreachd.clock import Clock
from outreachd.flow.journey import Ending
from outreachd.flow.pool import Permit, Pool
from outreachd.rules.actions import Letter, Stop
from outreachd.rules.admission import Setback
from outreachd.rules.model import Kind, Permanence, State, Verdict
from outreachd.rules.pulse import Pulse
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.setback import Consequence, consequence, target
from outreachd.telemetry import Metrics

log = structlog.get_logger()

SENDERS = (Kind.MAILBOX, Kind.DOMAIN, Kind.ACCOUNT)

Pauser = Callable[[Kind, int, str], Awaitable[None]]
Ids: TypeAlias = dict[Kind, int]  # of who sent a letter


class Feedback:
    """Learns from endings, for one pool."""

    def __init__(
        self, pool: Pool, metrics: Metrics, clock: Clock, pause: Pauser
    ) -> None:
        self._pool = pool
        self._metrics = metrics
        self._clock = clock
        self._pause = pause
        self.pulse = Pulse()
        # Failures in a row, and the newest rest they brought.
        self._failures: dict[tuple[Kind, int], tuple[int, Setback]] = {}

    async def learn(self, permit: Permit, ending: Ending) -> None:
        """Count an ending and draw its consequence."""
        self._count(permit, ending)
        verdict, reply = ending.verdict, ending.reply
        if verdict is None or reply is None:
            return
        account_id, mono = permit.account.id, self._clock.monotonic()
        if verdict.permanence is Permanence.ACCEPTED:
            self.pulse.accepted(account_id, mono)
            if self._failures:
                self._recovered(permit)
            return
        self.pulse.failed(account_id, verdict, reply, mono)
        why = f"{reply.phase}: {reply.code} {reply.text}"
        ids = {kind: _id(kind, permit) for kind in SENDERS}
        own_login = permit.route.mailbox_id is not None
        found = self._failed(verdict, ids, why, own_login=own_login)
        if found is not None and found.is_pause:
            id = ids[found.kind]
            try:
                await self._pause(found.kind, id, _because(verdict, why))
            except LedgerAwayError:
                log.warning("pause.unwritten", kind=found.kind.value, id=id)

    def stop(self, letter: Letter, verdict: Verdict, text: str) -> Stop | None:
        """Say whom a bounce stops until a person looks; nobody is stopped yet."""
        ids, own_login = self._sender(letter)
        why = f"bounce: {text}"
        found = self._found(verdict, ids, why, own_login=own_login) if ids else None
        if found is None or not found.is_pause:
            return None
        return Stop(found.kind, ids[found.kind], _because(verdict, why))

    def told(self, letter: Letter, verdict: Verdict, text: str) -> None:
        """Let rest who sent a letter, as a bounce says; a pause is written already."""
        ids, own_login = self._sender(letter)
        if ids:
            self._failed(verdict, ids, f"bounce: {text}", own_login=own_login)

    def _sender(self, letter: Letter) -> tuple[Ids, bool]:
        """Tell who sent a letter, nobody if it left the fleet; and whose login."""
        box = self._pool.roster.mailboxes.get(letter.mailbox_id)
        if box is None or letter.account_id is None:
            return {}, False
        ids = {
            Kind.MAILBOX: letter.mailbox_id,
            Kind.DOMAIN: letter.domain_id,
            Kind.ACCOUNT: letter.account_id,
        }
        return ids, box.username is not None

    def _found(
        self, verdict: Verdict, ids: Ids, why: str, *, own_login: bool
    ) -> Consequence | None:
        """Tell what one more failure means; it is not counted yet."""
        kind = target(verdict, own_login=own_login)
        if kind is None:
            return None
        failures, rest = self._failures.get((kind, ids[kind]), (0, None))
        return consequence(
            verdict,
            own_login=own_login,
            failures=failures + 1,
            why=why,
            mono=self._clock.monotonic(),
            rest=rest,
        )

    def _failed(
        self, verdict: Verdict, ids: Ids, why: str, *, own_login: bool
    ) -> Consequence | None:
        found = self._found(verdict, ids, why, own_login=own_login)
        if found is None:
            return None
        kind, id = found.kind, ids[found.kind]
        failures, rest = self._failures.get((kind, id), (0, None))
        self._failures[kind, id] = failures + 1, found.setback
        if found.setback is not rest:  # else one of those that failed together
            self._set_back(kind, id, found.setback)
            log.warning(
                "sender.set_back",
                kind=kind.value,
                id=id,
                name=self._pool.name_of(kind, id),
                rounds=found.setback.failures,
                reason=verdict.reason,
                why=why,
            )
        return found

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


def _because(verdict: Verdict, why: str) -> str:
    return f"{verdict.reason}: {why}"[:200]


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
