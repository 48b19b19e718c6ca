"""The laws of judging a day by the server's log."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from outreachd.demo.judgement import Judgement, judge
from outreachd.demo.referee import Accepted
from outreachd.rules.model import Kind
from tests.demo.conftest import CONTACTS, MONDAY, Played


def judged(day: Played, letters: Sequence[Accepted] | None = None) -> Judgement:
    """Judge a day, or other letters of it."""
    letters = day.letters if letters is None else letters
    return judge(letters, day.roster, day.contacts, MONDAY, greylisted=0.02)


async def test_a_faultless_day_is_found_so(played: Played) -> None:
    """Each once, in time, within limits; mailboxes in turn are even."""
    found = judged(played)
    assert found.violations == []
    assert found.is_faultless
    assert found.letters == found.tally.accepted == CONTACTS
    assert max(even.widest_lead for even in found.even.values()) == 1
    assert found.shortest_gap_s == pytest.approx(20 * 60)
    assert sum(found.by_client.values()) == CONTACTS


async def test_a_letter_too_much_or_too_few_is_a_fault(played: Played) -> None:
    """Twice is a duplicate, never is missing; either spoils the day."""
    again = replace(played.letters[0], at=played.letters[0].at + 5 * 3600)
    twice, never = judged(played, [*played.letters, again]), judged(played, [])
    assert (twice.tally.duplicates, twice.is_faultless) == (1, False)
    assert (never.tally.missing, never.is_faultless) == (CONTACTS, False)


async def test_one_letter_out_of_time_is_a_fault(played: Played) -> None:
    """A mailbox that sends in the gap, or before its office opens, is found."""
    first, *rest = played.letters
    twin = next(letter for letter in rest if letter.mailbox == first.mailbox)
    close = judged(played, [replace(first, at=twin.at - 80), *rest])
    assert close.shortest_gap_s == pytest.approx(80)
    assert Kind.MAILBOX in {violation.kind for violation in close.violations}
    early = judged(played, [replace(first, at=MONDAY.timestamp()), *rest])
    assert [violation.law for violation in early.violations] == ["outside the workday"]
    assert not early.is_faultless


async def test_who_shares_mailboxes_is_measured_by_weight(played: Played) -> None:
    """Serving one of two clients first gives it more than its share, the other less."""
    found = judged(played).shares
    assert set(found) == {"albatros", "brandt", "harbor", "maple"}
    # The faultless day serves campaign by campaign: albatros before brandt.
    assert found["albatros"].got > found["albatros"].due
    assert found["brandt"].got < found["brandt"].due
    both = found["albatros"], found["brandt"]
    assert sum(share.got for share in both) == pytest.approx(sum(s.due for s in both))


async def test_the_busiest_hour_is_a_whole_hour(played: Played) -> None:
    """It begins at the full hour and holds the most letters."""
    hour, letters = judged(played).busiest
    assert (hour.minute, hour.second) == (0, 0)
    assert 0 < letters <= CONTACTS
