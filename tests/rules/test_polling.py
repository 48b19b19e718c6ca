"""The laws of the reading schedule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreachd.rules.model import Auth, Imap, Tls
from outreachd.rules.polling import Schedule
from outreachd.rules.sources import (
    Key,
    Result,
    Source,
)

IMAP = Imap(host="imap.example", port=993, tls=Tls.IMPLICIT, folders=("INBOX",))


def some(n: int, host: str = "imap.example", first: int = 1) -> dict[Key, Source]:
    """Make mailboxes at one host."""
    return {
        ("mailbox", id): Source(
            key=("mailbox", id),
            imap=replace(IMAP, host=host),
            username="u",
            auth=Auth.PASSWORD,
        )
        for id in range(first, first + n)
    }


def schedule(wanted: dict[Key, Source], at_once: int = 16) -> Schedule:
    """Make a schedule of ten minutes that begins at 0."""
    made = Schedule(interval_s=600.0, at_once=at_once, dice=lambda: 0.5)
    made.replace(wanted, 0.0)
    return made


def polls(made: Schedule, start_s: int, end_s: int) -> list[tuple[int, Source]]:
    """Read everything that comes due, at once and well."""
    found = []
    for now in range(start_s, end_s):
        for source in made.due(now):
            found.append((now, source))
            made.ended(source, Result.READ, now)
    return found


@pytest.mark.parametrize("n", [7, 1200])
def test_an_interval_is_filled_evenly_and_everybody_is_read_once(n: int) -> None:
    """No minute has much more than its share, from the first interval on."""
    told = polls(schedule(some(n)), 1, 1801)
    for start in (0, 600, 1200):
        one = [(t, s) for t, s in told if start < t <= start + 600]
        assert len({s.key for _, s in one}) == len(one) == n
        for minute in range(start, start + 600, 60):
            assert sum(minute < t <= minute + 60 for t, _ in one) <= n / 10 + 3


def test_a_daemon_that_restarts_in_a_circle_reads_everybody() -> None:
    """Moments are fixed on the wall clock, not counted from each start."""
    read = set()
    for start in range(0, 600, 100):
        made = Schedule(interval_s=600.0, at_once=16, dice=lambda: 0.5)
        made.replace(some(100), float(start))
        read |= {source.key for _, source in polls(made, start + 1, start + 101)}
    assert len(read) == 100


def test_who_fails_comes_back_later_and_later_and_nobody_else_does() -> None:
    """Back-off doubles to an hour, with chance; a good reading ends it."""
    made = schedule(some(2))
    waits: list[int] = []
    last, others = None, 0
    for now in range(1, 20_000):
        for source in made.due(now):
            if source.key[1] == 1:
                waits += [now - last] if last is not None else []
                last = now
                made.ended(source, Result.UNREACHABLE, now)
            else:
                others += 1
                made.ended(source, Result.READ, now)
    assert waits[:4] == [690, 1380, 2760, 4140]
    assert others == 34


def test_a_refused_login_is_not_tried_again_soon() -> None:
    """Servers lock mailboxes that keep trying a wrong password."""
    made = schedule(some(1))
    [source] = [s for t in range(601) for s in made.due(t)]
    made.ended(source, Result.REFUSED, 600)
    assert not made.due(600 + 1800)


def test_a_host_that_hangs_gets_one_connection_and_the_others_theirs() -> None:
    """All mailboxes of one host hang for their limit: no other waits for them."""
    bad, good = some(600, "bad.example"), some(600, "good.example", 601)
    made = schedule(bad | good)
    out: list[tuple[int, Source]] = []
    most, lag, read = 0, 0.0, 0
    for now in range(1, 1201):
        ended = [(t, s) for t, s in out if now - t >= 30]
        out = [(t, s) for t, s in out if now - t < 30]
        for _, source in ended:
            made.ended(source, Result.LATE, now)
        for source in made.due(now):
            if source.imap.host == "bad.example":
                out.append((now, source))
            else:
                read += 1
                made.ended(source, Result.READ, now)
        if now > 60:
            most = max(most, len(out))
        lag = made.lag_s(now)
    assert most == 1
    assert read == 1200
    assert lag > 0  # those of the bad host wait, and it shows


def taken(made: Schedule, start_s: int, end_s: int) -> list[Source]:
    """Take what comes due without ending it."""
    return [source for now in range(start_s, end_s) for source in made.due(now)]


def test_one_that_only_listens_takes_nobodys_room() -> None:
    """A catch-all that waits for mail is not counted among the connections."""
    made = schedule(some(2), at_once=1)
    [first] = taken(made, 1, 602)
    assert taken(made, 602, 603) == []
    made.make_room(first)
    [second] = taken(made, 603, 604)
    assert second.key != first.key
    made.ended(first, Result.MORE, 604)
    made.ended(second, Result.READ, 604)
    assert [s.key for s in taken(made, 605, 700)] == [first.key]


def test_what_leaves_the_fleet_is_read_no_more() -> None:
    """Also if it leaves while it is being read."""
    made, wanted = schedule(some(2)), some(2)
    both = taken(made, 1, 601)
    assert len(both) == 2
    made.replace({("mailbox", 2): wanted["mailbox", 2]}, 601)
    for source in both:
        made.ended(source, Result.READ, 601)
    assert {s.key for _, s in polls(made, 602, 3000)} == {("mailbox", 2)}


def test_another_login_is_tried_soon_and_without_the_olds_past() -> None:
    """Whoever mends a password need not wait for the back-off of the wrong one."""
    made, wanted = schedule(some(1)), some(1)
    [source] = taken(made, 1, 601)
    mended = replace(wanted["mailbox", 1], username="new")
    made.replace({mended.key: mended}, 601)
    made.ended(source, Result.REFUSED, 601)
    assert taken(made, 602, 640) == [mended]


def test_what_could_not_be_stored_is_read_again_soon() -> None:
    """A database that was away is not the mailbox's fault."""
    made = schedule(some(1))
    [source] = taken(made, 1, 601)
    made.ended(source, Result.UNSTORED, 601)
    assert taken(made, 602, 640) == [source]
