"""Pools by themselves, for tests of what may be sent and of what is remembered."""

from __future__ import annotations

from datetime import datetime

from outreachd.flow.pool import Permit, Pool
from outreachd.rules.model import Roster
from outreachd.rules.records import Facts
from tests.fakes import Dice
from tests.rosters import MONDAY

HOUR_S = 3600.0


def pool_of(fleet: Roster, facts: Facts | None = None, at: datetime = MONDAY) -> Pool:
    """Make a pool whose monotonic clock stands at 100 000 s."""
    return Pool(fleet, facts or Facts(), Dice(), now=at, mono=1e5)


def take(pool: Pool, id: int = 1, mono: float = 1e5) -> Permit | float:
    """Take a letter of campaign 1 by a lane, on Monday."""
    return pool.take(pool.lanes[id], pool.roster.campaigns[1], MONDAY, mono)
