"""The helm: what people and scripts may ask of a running daemon, and do to it.

Fits the control and public listeners' Protocols by shape. Doing goes to the database
first and reaches the running shift at once; explaining asks the same standings that
decide. Without a shift (a standby) it explains from the database.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from outreachd.clock import Clock
from outreachd.flow.explanation import concerned, explain, gate_row
from outreachd.flow.pool import Pool
from outreachd.lookout import look
from outreachd.rules.health import Rule
from outreachd.rules.model import Kind
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.roll import Line
from outreachd.rules.standstill import LATELY_S, Cause, Now
from outreachd.rules.stops import Happening
from outreachd.rules.token import TokenKind, TokenMint
from outreachd.shift import Shift
from outreachd.store.consent import Asked, PgConsent
from outreachd.store.database import Database
from outreachd.store.events import PgEvents, Whom
from outreachd.store.health import PgHealth
from outreachd.store.roster import read_facts, read_pauses, read_roster
from outreachd.store.steering import PgSteering
from outreachd.store.suppressions import RECIPIENT, Person, PgSuppressions


class Helm:
    """Steering and explaining, for one daemon."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        mint: TokenMint,
        *,
        shift: Callable[[], Shift | None],
        readiness: Callable[[], tuple[bool, str]],
        drain: Callable[[], None],
        rules: Sequence[Rule],
    ) -> None:
        self._database = database
        self._store = PgSteering(database)
        self._health = PgHealth(database)
        self._rules = rules
        self._suppressions = PgSuppressions(database)
        self._events = PgEvents(database)
        self._consent = PgConsent(database)
        self._clock = clock
        self._mint = mint
        self._shift = shift
        self._readiness = readiness
        self._drain = drain

    # --- control --------------------------------------------------------------------

    async def status(self) -> Mapping[str, Any]:
        """Tell where the whole stands."""
        shift, now = self._shift(), self._clock.now()
        ready, why = self._readiness()
        seen = await self.look() if ready and shift else None
        return {
            **await self._store.status(now),
            "budgets": await self._health.budgets(self._rules, now),
            "now": now,
            "role": "active" if shift else "standby",
            "ready": ready,
            "cause": seen.cause if seen else None,
            "why": seen.sentence if seen else why,
            "also": seen.also if seen else (),
            "in_flight": shift.in_flight if shift else 0,
        }

    async def look(self) -> Now:
        """Say whether letters leave now, and if not, why."""
        shift, now = self._shift(), self._clock.now()
        ready, why = self._readiness()
        if shift is None:
            return Now(Cause.STANDBY if ready else Cause.BROKEN, why)
        if not ready:
            is_paused = shift.pool.why_paused(now) is not None
            cause = Cause.PAUSED if is_paused else Cause.DATABASE
            return Now(cause, f"nothing is sent: {why}")
        return await look(
            self._database,
            self.explain,
            now,
            silent=self._silences(),
            accepted_s=shift.accepted_s(),
        )

    async def glance(self) -> Now:
        """Look no further than to letters that leave: to look asks each mailbox."""
        shift = self._shift()
        is_sending = (
            shift is not None
            and self._readiness()[0]
            and shift.accepted_s() < LATELY_S
            and not shift.silences()
        )
        return Now(Cause.SENDING, "sending") if is_sending else await self.look()

    def silent(self) -> Mapping[str, tuple[float, str]]:
        """Tell which accounts are silent, by name: for how many seconds, and why."""
        shift = self._shift()
        if shift is None or not self._readiness()[0]:
            return {}  # an outcome that cannot be recorded is not a server's silence
        accounts = shift.pool.roster.accounts
        return {
            accounts[one.account_id].name: (one.for_s, one.why)
            for one in shift.silences()
        }

    async def ready(self) -> tuple[bool, str]:
        """Tell whether letters can leave, and if not, why."""
        return self._readiness()

    async def list(self, kind: Kind) -> Sequence[Mapping[str, Any]]:
        """Tell all of a kind, each with its gates."""
        pool = await self._pool()
        now, mono = self._clock.now(), self._clock.monotonic()
        return [
            {
                "name": name,
                "gates": [gate_row(gate, now) for gate in standing.gates(now, mono)],
            }
            for name, standing in pool.standings(kind)
        ]

    async def pause(
        self, kind: Kind, name: str, reason: str, until: datetime | None, author: str
    ) -> None:
        """Pause; when this returns, no further intent is written."""
        await self._store.pause(kind, name, reason, until, author, self._clock.now())
        await self._tell_pauses()

    async def resume(self, kind: Kind, name: str, author: str) -> None:
        """End a pause."""
        await self._store.resume(kind, name, author, self._clock.now())
        await self._tell_pauses()

    async def _tell_pauses(self) -> None:
        shift = self._shift()
        if shift is not None:
            await shift.reload_pauses()

    async def send(self, id: int) -> Mapping[str, Any] | None:
        """Show one send."""
        return await self._store.send(id)

    async def explain(self, id: int) -> Mapping[str, Any] | None:
        """Tell every gate of one send, and the next allowed instant."""
        row = await self._store.send(id)
        if row is None:
            return None
        pool = await self._pool()
        shift = self._shift()
        now, mono = self._clock.now(), self._clock.monotonic()
        if shift is not None:
            await shift.receivers.learn([row["contact"]], mono)
        told = explain(
            row,
            pool,
            now,
            mono,
            share=shift.share if shift else None,
            shaping=shift.shaping if shift else None,
            receivers=shift.receivers if shift else None,
            health=await health_of(
                self._health, row, pool, self._rules, now=now, mono=mono
            ),
        )
        domain = pool.roster.domains.get(concerned(row, pool, now, mono) or 0)
        ways = domain.account_ids if domain else ()
        return told | {"silent": self._silences(ways)}

    def _silences(self, account_ids: Container[int] | None = None) -> Sequence[str]:
        """Say of each account, or of these, that its server accepts nothing."""
        shift = self._shift()
        if shift is None:
            return []
        accounts = shift.pool.roster.accounts
        return [
            f"account {accounts[one.account_id].name}: {one.why}"
            for one in shift.silences()
            if account_ids is None or one.account_id in account_ids
        ]

    async def drain(self) -> None:
        """Finish what is under way and stop."""
        self._drain()

    async def _pool(self) -> Pool:
        shift = self._shift()
        return shift.pool if shift else await load_pool(self._database, self._clock)

    # --- the public page --------------------------------------------------------------

    async def person(self, token: str) -> Person | None:
        """Tell who holds a token."""
        enrolment_id = self._enrolment(token)
        if enrolment_id is None:
            return None
        return await self._suppressions.person(enrolment_id)

    async def opt_out(self, token: str, source: str) -> Person | None:
        """Never write to this person again; when this returns, it holds."""
        enrolment_id = self._enrolment(token)
        if enrolment_id is None:
            return None
        now = self._clock.now()
        person = await self._suppressions.opt_out(enrolment_id, source, now)
        if person is not None and not person.has_left:
            for _ in range(2):  # outcomes may be in its way, and nobody asks again
                with suppress(LedgerAwayError):  # the wish itself is stored
                    await self._events.happened(
                        Happening.OPTED_OUT,
                        Whom(enrolment_id=enrolment_id),
                        source=source,
                        author=RECIPIENT,
                        now=now,
                    )
                    break
        return person

    async def asked(self, token: str) -> Asked | None:
        """Tell who was asked for a yes by the letter that held this token."""
        enrolment_id = self._enrolment(token, TokenKind.CONFIRM)
        return None if enrolment_id is None else await self._consent.asked(enrolment_id)

    async def confirm(self, token: str) -> Asked | None:
        """Keep a yes; when this returns, it is stored."""
        enrolment_id = self._enrolment(token, TokenKind.CONFIRM)
        if enrolment_id is None:
            return None
        await self._consent.confirm(enrolment_id, "page", self._clock.now())
        return await self._consent.asked(enrolment_id)

    def _enrolment(self, token: str, kind: TokenKind = TokenKind.OPT_OUT) -> int | None:
        found = self._mint.read(token)
        return found[1] if found and found[0] is kind else None


async def health_of(
    book: PgHealth,
    row: Mapping[str, Any],
    pool: Pool,
    rules: Sequence[Rule],
    *,
    now: datetime,
    mono: float,
) -> Sequence[Line]:
    """Tell how the sending domain of a send stands; nothing if it has none yet."""
    domain_id = concerned(row, pool, now, mono)
    return await book.budgets(rules, now, domain_id) if domain_id is not None else ()


async def load_pool(database: Database, clock: Clock) -> Pool:
    """Read the fleet and its recent past, as a daemon that begins now would."""
    now = clock.now()
    async with database.connection() as connection:
        roster = await read_roster(connection)
        facts = await read_facts(connection, now)
        pauses = await read_pauses(connection, now)
    mono = clock.monotonic()
    pool = Pool(roster, facts, lambda: 0.0, now=now, mono=mono)
    pool.set_pauses(pauses, now=now, mono=mono)
    return pool
