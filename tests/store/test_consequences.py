"""The laws of telling what a plan means for people and letters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from outreachd.rules.fleet_plan import plan
from outreachd.rules.model import Kind
from outreachd.rules.wanted import WantedCampaign
from outreachd.store.consequences import consequences
from outreachd.store.database import Connection, Database
from outreachd.store.fleet_present import read_present
from tests.fleets import FIRST, SECOND, WHOLE, fleet
from tests.store.test_timetable import (
    FIXED,
    MONDAY,
    THEIRS,
    VAULT,
    follow_up,
    letter,
    put,
)

SAID = "spring: no contact of acme is there on one of its grounds of consent:"


async def told(connection: Connection, **changes: Any) -> list[str]:
    """Tell what comes of changing spring."""
    present = await read_present(connection, VAULT)
    [before] = present.of(Kind.CAMPAIGN).values()
    assert isinstance(before, WantedCampaign)
    things = [t for t in WHOLE if not isinstance(t, WantedCampaign)]
    wanted = fleet(*things, replace(before, **changes))
    return await consequences(
        connection, plan(wanted, present), wanted, present, MONDAY
    )


async def test_letters_that_follow_a_new_calendar_are_counted(db: Database) -> None:
    """All that wait, and those of them whose time is told anew; no others."""
    await put(db, FIXED)
    async with db.connection() as connection:
        await letter(connection, "a@x.example")
        await letter(connection, "b@x.example", state="held", reason="bug")
        await letter(connection, "c@x.example", state="cancelled")
        await follow_up(connection, "d@x.example")
        [said] = await told(connection, calendar=THEIRS)
        assert await told(connection, share=2.0) == []
    assert said == (
        "spring: its calendar changes, and what waits follows it: 3 letters, of which"
        " the times of 1 follow-up are told anew"
    )


async def test_people_who_have_finished_are_counted_when_a_step_is_added(
    db: Database,
) -> None:
    """Not those in the middle, not who got a single letter; not for an edited step."""
    await put(db, FIXED)
    async with db.connection() as connection:
        for name in "abcd":
            await letter(connection, f"{name}@x.example")
        await connection.execute(
            "UPDATE enrolment SET state = 'finished', reason = CASE WHEN id < 3"
            " THEN 'delivered' ELSE 'one_off' END WHERE id < 4"
        )
        steps = (FIRST, SECOND, SECOND)
        assert await told(connection, steps=steps) == []
        [said] = await told(connection, steps=(*steps, SECOND))
        await connection.execute("UPDATE enrolment SET state = 'active'")
        assert await told(connection, steps=(*steps, SECOND)) == []
    assert said.startswith(
        "spring: 2 people have finished this campaign and will not get step 4: "
    )


@pytest.mark.parametrize(
    ("grounds", "said"),
    [
        (("customer",), []),
        (
            ("costumer", "form"),
            [
                'unknown ground "costumer": did you mean "customer"?',
                'unknown ground "form"; known: customer, legitimate_interest',
            ],
        ),
        (None, []),
    ],
)
async def test_a_ground_that_nobody_has_is_told_with_the_nearest(
    db: Database, grounds: tuple[str, ...] | None, said: list[str]
) -> None:
    """Grounds are free words: a slip would hold everybody without a sound."""
    await put(db, FIXED, grounds=("other",))
    async with db.connection() as connection:
        assert await told(connection, grounds=grounds) == []  # nobody is there yet
        for n, ground in enumerate(("customer", "legitimate_interest", "")):
            await letter(connection, f"p{n}@x.example")
            await connection.execute(
                "UPDATE contact SET consent_basis = $1 WHERE id = $2", ground, n + 1
            )
        assert await told(connection, grounds=grounds) == [
            f"{SAID} {one}" for one in said
        ]
