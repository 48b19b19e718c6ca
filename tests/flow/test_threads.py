"""The laws of threads: what a follow-up answers, under whose name, and when."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import pairwise

import pytest

from outreachd.rules.model import DelayUnit, Step, Variant
from tests.fakes import Delivery
from tests.flow.world import World
from tests.rosters import MONDAY, campaign, mailbox, roster, step


def letter(delivery: Delivery) -> EmailMessage:
    """Read a letter as a mail program does."""
    return message_from_bytes(delivery.message, policy=policy.default)


async def written(*steps: Step, hours: int = 11) -> list[Delivery]:
    """Let one person's sequence run to its end, with five mailboxes to choose from."""
    boxes = [mailbox(id) for id in range(1, 6)]
    fleet = roster(*boxes, campaign(1, (1, 2, 3, 4, 5), steps=steps))
    world = World(fleet)
    world.add(1)
    await world.run_for(hours=hours)
    return world.carrier.delivered


async def test_five_steps_stay_in_one_thread_from_one_mailbox() -> None:
    """Each names the first letter in In-Reply-To and References, and its subject."""
    found = await written(*(step(n) for n in range(1, 6)))
    first, *rest = map(letter, found)
    assert len(rest) == 4
    assert first["In-Reply-To"] is None
    assert first["References"] is None
    assert {one["In-Reply-To"] for one in rest} == {first["Message-ID"]}
    assert {one["References"] for one in rest} == {first["Message-ID"]}
    assert {one["Subject"] for one in rest} == {"Re: Hello"}
    assert len({one["Message-ID"] for one in (first, *rest)}) == 5
    assert len({one.sender for one in found}) == 1


async def test_a_subject_of_its_own_begins_a_new_thread() -> None:
    """What follows answers the new one; the mailbox stays the first one."""
    steps = [step(n) for n in range(1, 6)]
    steps[2] = step(3, subject="Another matter")
    found = await written(*steps)
    first, second, third, fourth, fifth = map(letter, found)
    assert second["In-Reply-To"] == first["Message-ID"]
    assert (third["Subject"], third["In-Reply-To"]) == ("Another matter", None)
    assert {fourth["References"], fifth["In-Reply-To"]} == {third["Message-ID"]}
    assert fifth["Subject"] == "Re: Another matter"
    assert len({one.sender for one in found}) == 1


async def test_a_wording_with_a_subject_begins_a_thread_for_those_who_got_it() -> None:
    """The next step answers the letter that this contact got."""
    new = Variant(name="new", weight=1.0, subject="Anew", text="x", html=None)
    old = Variant(name="old", weight=1.0, subject=None, text="x", html=None)
    for variant, thread_of in ((new, 1), (old, 0)):
        found = await written(step(), step(2, variants=(variant,)), step(3))
        letters = [letter(one) for one in found]
        assert letters[2]["In-Reply-To"] == letters[thread_of]["Message-ID"]


@pytest.mark.parametrize(
    ("delay", "unit", "after"),
    [
        (40, DelayUnit.MINUTES, timedelta(minutes=40)),
        (5, DelayUnit.HOURS, timedelta(hours=5)),
        (1, DelayUnit.DAYS, timedelta(days=1)),
        (1, DelayUnit.WORKDAYS, timedelta(days=1)),
    ],
)
async def test_steps_come_after_their_delay(
    delay: int, unit: DelayUnit, after: timedelta
) -> None:
    """Counted from the letter before; a calendar of seven days has seven workdays."""
    later = [step(n, delay=delay, delay_unit=unit) for n in (2, 3)]
    found = await written(step(), *later, hours=49)
    assert found[0].at == MONDAY
    for before, one in pairwise(found):
        assert after <= one.at - before.at < after + timedelta(minutes=1)
