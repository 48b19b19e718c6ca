"""Why a send has not gone, and when it may: every gate with its value and its limit.

Asks the same standings that decide, so that what is said and what is done cannot
differ. Tells nothing but what it is shown: rows of the database, a pool, a share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import inf, isinf
from typing import Any

from msgspec.structs import asdict

from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.flow.receiver_gates import rate_gates, rest_gates
from outreachd.flow.receivers import Receivers
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
from outreachd.rules.roll import Line
from outreachd.rules.share import FairShare

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


def explain(
    row: Mapping[str, Any],
    pool: Pool,
    now: datetime,
    mono: float,
    share: FairShare | None = None,
    shaping: Shaping | None = None,
    receivers: Receivers | None = None,
    health: Sequence[Line] = (),
) -> dict[str, Any]:
    """Say of one send where it stands, what it must pass, and when it may go.

    ``share``, ``shaping``, ``receivers``: of the daemon that sends, which alone knows
    whose turn it is and where the lines end. ``health``: of the sending domain that is
    concerned, at most one.
    """
    state = State(row["state"])
    campaign = pool.roster.campaigns.get(row["campaign_id"])
    gates: list[Gate] = []
    lane = None
    if state is State.SCHEDULED:
        # Looked for once: it asks every mailbox of the pool.
        lane = _lane(row, campaign, pool, now, mono) if campaign is not None else None
        gates += _gates(row, lane, pool, now, mono)
        gates += _receiver_gates(row, lane, pool, shaping, receivers, now, mono)
    if share is not None:
        gates += _turn_gates(row, pool, share)
    waits = [gate.wait_s for gate in gates]
    longest = max(waits, default=0.0)
    next_allowed = None
    if state is State.SCHEDULED and not isinf(longest):
        # When the last of the others has opened, the hours must be open again.
        latest = now + timedelta(seconds=longest)
        next_allowed = open_together(latest, _windows(row, lane, pool))
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
        "health": asdict(health[0]) if health else None,
        "suppressed_by": row["suppressed_by"],
        "next_allowed_at": next_allowed,
        "attempts": row["attempt_list"],
        "notices": row["notices"],
    }


def concerned(
    row: Mapping[str, Any], pool: Pool, now: datetime, mono: float
) -> int | None:
    """Name the sending domain of a send: of its mailbox, or of the one it may get."""
    campaign = pool.roster.campaigns.get(row["campaign_id"])
    is_open = row["mailbox_id"] is not None or row["state"] == State.SCHEDULED
    if campaign is None or not is_open:
        return None
    lane = _lane(row, campaign, pool, now, mono)
    return lane.domain.domain.id if lane is not None else None


def _gates(
    row: Mapping[str, Any], lane: Lane | None, pool: Pool, now: datetime, mono: float
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
    row: Mapping[str, Any],
    lane: Lane | None,
    pool: Pool,
    shaping: Shaping | None,
    receivers: Receivers | None,
    now: datetime,
    mono: float,
) -> Iterator[Gate]:
    """List what the receiver of a scheduled send's letter sets it in the way."""
    if lane is None:
        return
    if shaping is not None:
        yield from rest_gates(row["contact"], lane, shaping, now)
    if receivers is not None:
        yield from rate_gates(row, lane, pool, receivers, now, mono)


def _windows(
    row: Mapping[str, Any], lane: Lane | None, pool: Pool
) -> Sequence[Opening]:
    """Find the hours that a send's letter needs open."""
    if lane is None:
        return ()
    campaign = pool.roster.campaigns[row["campaign_id"]]
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
