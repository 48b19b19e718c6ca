"""The helm: what people and scripts may ask of a running daemon, and do to it.

Fits the control and public listeners' Protocols by shape. Doing goes to the database
first and reaches the running shift at once; explaining asks the same standings that
decide. Without a shift (a standby) it explains from the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf, isinf
from typing import Any

from outreachd.clock import Clock
from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.flow.shaping import Shaping
from outreachd.rules.admission import Gate
from outreachd.rules.hours import (
    Opening,
    calendar_gate,
    open_together,
    openings,
    together_gate,
)
from outreachd.rules.model import Campaign, Kind, State
from outreachd.rules.places import calendar_at
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.share import FairShare
from outreachd.rules.stops import Happening
from outreachd.rules.token import TokenKind, TokenMint
from outreachd.shift import Shift
from outreachd.store.consent import Asked, PgConsent
from outreachd.store.database import Database
from outreachd.store.events import PgEvents, Whom
from outreachd.store.roster import read_facts, read_pauses, read_roster
from outreachd.store.steering import PgSteering
from outreachd.store.suppressions import RECIPIENT, Person, PgSuppressions

# What each state means for somebody who asks why nothing is sent.
STATES = {
    State.SCHEDULED: "waits for its turn",
    State.LEASED: "is being made ready by a daemon",
    State.SENDING: "is being handed over at this moment",
    State.SENT: "a server has accepted it",
    State.FAILED: "was refused for good",
    State.UNCERTAIN: "got no answer: it may have arrived, so it is not sent again",
    State.HELD: "waits for a person: outreachd release",
    State.SUPPRESSED: "must not be written to",
    State.EXPIRED: "came too late to be of use",
    State.CANCELLED: "was cancelled",
}


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
    ) -> None:
        self._database = database
        self._store = PgSteering(database)
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
        shift = self._shift()
        ready, why = self._readiness()
        return {
            **await self._store.status(self._clock.now()),
            "now": self._clock.now(),
            "role": "active" if shift else "standby",
            "ready": ready,
            "why": why,
            "in_flight": len(shift.crew) if shift else 0,
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
        return explain(
            row,
            pool,
            self._clock.now(),
            self._clock.monotonic(),
            share=shift.share if shift else None,
            shaping=shift.shaping if shift else None,
        )

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
            with suppress(LedgerAwayError):  # the wish itself is stored
                await self._events.happened(
                    Happening.OPTED_OUT,
                    Whom(enrolment_id=enrolment_id),
                    source=source,
                    author=RECIPIENT,
                    now=now,
                )
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


def explain(
    row: Mapping[str, Any],
    pool: Pool,
    now: datetime,
    mono: float,
    share: FairShare | None = None,
    shaping: Shaping | None = None,
) -> dict[str, Any]:
    """Say of one send where it stands, what it must pass, and when it may go.

    ``share``: of the daemon that sends, which alone knows whose turn it is.
    """
    state = State(row["state"])
    gates = _gates(row, pool, now, mono) if state is State.SCHEDULED else []
    if shaping is not None and state is State.SCHEDULED:
        gates += _receiver_gates(row, pool, shaping, now)
    if share is not None:
        gates += _turn_gates(row, pool, share)
    waits = [gate.wait_s for gate in gates]
    longest = max(waits, default=0.0)
    next_allowed = None
    if state is State.SCHEDULED and not isinf(longest):
        # When the last of the others has opened, the hours must be open again.
        latest = now + timedelta(seconds=longest)
        next_allowed = open_together(latest, _windows(row, pool, now, mono))
    return {
        "send": row["id"],
        "state": state.value,
        "meaning": STATES[state],
        "reason": row["reason"],
        "detail": row["detail"],
        "campaign": row["campaign"],
        "step": row["step_number"],
        "mailbox": row["mailbox"],
        "gates": [gate_row(gate, now) for gate in gates],
        "suppressed_by": row["suppressed_by"],
        "next_allowed_at": next_allowed,
        "attempts": row["attempt_list"],
        "notices": row["notices"],
    }


def _gates(
    row: Mapping[str, Any], pool: Pool, now: datetime, mono: float
) -> list[Gate]:
    """List what a scheduled send must pass: its due time, calendar, pool and limits."""
    campaign = pool.roster.campaigns.get(row["campaign_id"])
    due_s = max((row["due_at"] - now).total_seconds(), 0.0)
    due = row["due_at"].isoformat(timespec="minutes")
    gates = [Gate("send: due", due, "now or earlier", "campaign.step.after", due_s)]
    gates += [
        Gate("contact: suppressed", _entry(entry), "no entry", "suppression", inf)
        for entry in row["suppressed_by"]
    ]
    if campaign is None:
        gates.append(Gate("campaign: in the fleet", "no", "yes", "fleet.toml", inf))
        return gates
    calendar = calendar_at(campaign.calendar, row["place"])
    gates.append(calendar_gate(campaign.name, calendar, now))
    lane = _lane(row, campaign, pool, now, mono)
    if lane is None:
        who = row["mailbox"] or "any of the pool"
        setting = "fleet.toml"
        if row["mailbox_id"] is not None:  # its follow-ups may not have to wait for it
            setting += f"; campaign.mailbox_gone = {campaign.mailbox_gone}"
        gates.append(Gate("mailbox: in the fleet", "no", who, setting, inf))
        return gates
    gates += pool.gates(lane, campaign, now, mono)
    gates += together_gate(lane.standing.box, calendar, now)
    return gates


def _receiver_gates(
    row: Mapping[str, Any], pool: Pool, shaping: Shaping, now: datetime
) -> list[Gate]:
    """Say which receiver wants no more of the sender for now."""
    lane = pool.lanes.get(row["mailbox_id"])
    if lane is None:
        return []
    domain = lane.domain.domain
    closing = shaping.closing(
        row["contact"], account_ids=domain.account_ids, domain_id=domain.id, now=now
    )
    return [
        Gate(
            f"receiver {slow.receiver}: wants no more of this {slow.kind}",
            slow.reason,
            "nothing of the kind",
            "what it said",
            (slow.until - now).total_seconds(),
        )
        for slow in closing
    ]


def _windows(
    row: Mapping[str, Any], pool: Pool, now: datetime, mono: float
) -> Sequence[Opening]:
    """Find the hours that a send's letter needs open."""
    campaign = pool.roster.campaigns[row["campaign_id"]]
    lane = _lane(row, campaign, pool, now, mono)
    if lane is None:
        return ()
    return openings(lane.standing.box, calendar_at(campaign.calendar, row["place"]))


def _turn_gates(row: Mapping[str, Any], pool: Pool, share: FairShare) -> list[Gate]:
    """Tell whose turn it is; follow-ups go before, so that they wait for none."""
    campaign = pool.roster.campaigns.get(row["campaign_id"])
    is_first_touch = row["state"] == State.SCHEDULED and row["mailbox_id"] is None
    if campaign is None or not is_first_touch:
        return []
    client = pool.roster.clients[campaign.client_id]
    turns = share.turn(client.id, campaign.id)
    names = ((Kind.CLIENT, client.name), (Kind.CAMPAIGN, campaign.name))
    return [
        Gate(
            f"{kind} {name}: turn",
            f"{turn.place} of {turn.of}",
            f"{turn.part:.0%} of the letters while all have work",
            f"{kind}.share",
            0.0,
        )
        for (kind, name), turn in zip(names, turns, strict=True)
    ]


def _entry(entry: Mapping[str, Any]) -> str:
    """Say which entry bars a person: where, why, how it came, since when."""
    return (
        f"{entry['id']} {entry['target']}, {entry['level']}: {entry['reason']}, "
        f"by {entry['source']}, {entry['at'][:10]}"
    )


def _lane(
    row: Mapping[str, Any], campaign: Campaign, pool: Pool, now: datetime, mono: float
) -> Lane | None:
    """Find the mailbox that is bound, or the one of the pool that is free soonest."""
    if row["mailbox_id"] is not None:
        return pool.lanes.get(row["mailbox_id"])
    lanes = [pool.lanes[id] for id in campaign.mailbox_ids if id in pool.lanes]
    return min(
        lanes,
        key=lambda lane: (pool.wait_s(lane, campaign, now, mono), lane.idle_since),
        default=None,
    )


def gate_row(gate: Gate, now: datetime) -> dict[str, Any]:
    """Write a gate for JSON."""
    return {
        "gate": gate.name,
        "open": gate.wait_s <= 0,
        "value": gate.value,
        "limit": gate.limit,
        "setting": gate.setting,
        "opens_at": gate.opens_at(now),
    }
