"""The law of a round: no more is chosen than the taking will find."""

from __future__ import annotations

from math import inf

from outreachd.flow.pool import Pool
from outreachd.flow.room import Room
from outreachd.rules.admission import Setback
from outreachd.rules.model import Roster
from outreachd.rules.records import Facts
from tests.fakes import Dice
from tests.rosters import MONDAY, account, client, domain, mailbox, roster


def room_of(fleet: Roster) -> tuple[Room, Pool]:
    pool = Pool(fleet, Facts(), Dice(), now=MONDAY, mono=1e6)
    return Room(pool.accounts, MONDAY, 1e6), pool


def test_a_domain_gives_as_many_as_its_day_has_left() -> None:
    """What is spent in the round counts at once."""
    room, pool = room_of(roster(domain(daily_limit=2), mailbox()))
    place = pool.domains[1]
    for _ in range(2):
        assert room.is_open(place)
        room.spend(place)
    assert not room.is_open(place)


def test_accounts_are_used_in_order_of_preference() -> None:
    """The second is drawn on when the first has no more; then nothing is left."""
    accounts = (account(1, daily_limit=1), account(2, daily_limit=1))
    room, pool = room_of(roster(*accounts, domain(account_ids=(2, 1)), mailbox()))
    place = pool.domains[1]
    assert room.is_open(place)
    room.spend(place)
    assert (room.of(pool.accounts[2]), room.of(pool.accounts[1])) == (0, 1)
    assert room.is_open(place)
    room.spend(place)
    assert not room.is_open(place)


def test_two_domains_share_an_account() -> None:
    """What one takes the other has not."""
    room, pool = room_of(
        roster(account(daily_limit=1), domain(1), domain(2), mailbox())
    )
    assert room.is_open(pool.domains[1])
    room.spend(pool.domains[1])
    assert not room.is_open(pool.domains[2])


def test_the_soonest_of_what_is_closed_is_remembered() -> None:
    """So the feed knows when looking again is worth it."""
    room, pool = room_of(roster(client(daily_limit=0), account(), domain(), mailbox()))
    assert room.blocked_s == inf
    assert room.of(pool.clients[1]) == 0
    assert room.blocked_s == 15 * 3600
    pool.accounts[1].setback = Setback(1e6 + 20, 1, "x")
    assert not room.is_open(pool.domains[1])
    assert room.blocked_s == 20


def test_a_client_counts_one_by_one() -> None:
    """Its day bounds the round too."""
    room, pool = room_of(roster(client(daily_limit=2), mailbox()))
    room.spend_one(pool.clients[1])
    assert room.of(pool.clients[1]) == 1
