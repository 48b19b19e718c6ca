"""A thousand random things done to a campaign while the real process sends it.

Pauses and resumes of every kind, steps and variants reworded, added and taken out,
mailboxes lost and found, the whole campaign cancelled and brought back. What the SMTP
server logged is held against the tables by Message-ID.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from outreachd.rules.model import DelayUnit, Kind, MailboxGone, Variant
from outreachd.rules.wanted import Fleet, Thing, WantedCampaign, WantedStep
from outreachd.store.steering import PgSteering
from tests import fleets
from tests.daemon.processes import CLOCK, PATIENCE_S, until
from tests.daemon.rig import World, world

OPERATIONS = 1000
PEOPLE = 600
SURE_STEPS = 3  # a fourth comes and goes
MAILBOXES = 40
PAUSE_S = 0.05  # between two operations, at most
SPRING = fleets.SPRING.name


@dataclass
class Operator:
    """Somebody who cannot leave it alone; remembers what is paused and how it was."""

    world: World
    dice: random.Random
    whole: Fleet
    paused: set[tuple[Kind, str]] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)

    async def act(self) -> None:
        """Do one random thing."""
        weights = {
            self.pause: 30,
            self.resume: 32,
            self.reword: 12,
            self.lengthen: 6,
            self.try_variants: 6,
            self.lose_mailboxes: 8,
            self.cancel: 3,
            self.restore: 5,
        }
        [act] = self.dice.choices(list(weights), list(weights.values()))
        await act()
        self.done[act.__name__] += 1

    async def pause(self) -> None:
        """Pause anything."""
        kind = self.dice.choice([Kind.MAILBOX] * 6 + sorted(self.whole.things))
        name = self.dice.choice(sorted(self.whole.things[kind]))
        try:
            await self._steering.pause(kind, name, "a test", None, "test", CLOCK.now())
        except LookupError:
            return  # it is not in the fleet just now
        self.paused.add((kind, name))

    async def resume(self) -> None:
        """Resume one thing, those first that stop everything."""
        wide = [one for one in self.paused if one[0] is not Kind.MAILBOX]
        if not self.paused:
            return
        kind, name = self.dice.choice(sorted(wide or self.paused))
        try:
            await self._steering.resume(kind, name, "test", CLOCK.now())
        except LookupError:
            return
        self.paused.discard((kind, name))

    async def reword(self) -> None:
        """Write a step anew."""
        steps = list(self._spring().steps)
        n = self.dice.randrange(len(steps))
        steps[n] = replace(steps[n], text=f"Hi {{{{ name }}}}, {self.dice.random()}.")
        await self._apply(steps=tuple(steps))

    async def lengthen(self) -> None:
        """Add the fourth step, or take it out."""
        steps = self._spring().steps
        if len(steps) > SURE_STEPS:
            await self._apply(steps=steps[:SURE_STEPS])
        else:
            await self._apply(steps=(*steps, later()))

    async def try_variants(self) -> None:
        """Give a step other wordings, or none."""
        steps = list(self._spring().steps)
        n = self.dice.randrange(len(steps))
        variants = tuple(
            Variant(
                name=name,
                weight=self.dice.uniform(1, 3),
                subject="Hello" if n == 0 else self.dice.choice([None, "Anew"]),
                text=f"Hi {{{{ name }}}}, this is {name}.",
                html=None,
            )
            for name in self.dice.sample("abc", self.dice.randrange(4))
        )
        steps[n] = replace(steps[n], variants=variants)
        await self._apply(steps=tuple(steps))

    async def lose_mailboxes(self) -> None:
        """Take out some mailboxes, or let all return."""
        every = sorted(self.whole.things[Kind.MAILBOX])
        kept = every
        if self.dice.random() < 0.7:
            kept = self.dice.sample(every, self.dice.randint(MAILBOXES // 2, MAILBOXES))
        things = dict(self.world.fleet.things)
        boxes = self.whole.things[Kind.MAILBOX]
        things[Kind.MAILBOX] = {name: boxes[name] for name in kept}
        gone = self.dice.choice([MailboxGone.STAND_IN, MailboxGone.WAIT])
        await self._apply(things, mailboxes=frozenset(kept), mailbox_gone=gone)

    async def cancel(self) -> None:
        """Take the campaign out, and most often bring it back soon."""
        things = dict(self.world.fleet.things) | {Kind.CAMPAIGN: {}}
        before = self.world.fleet
        await self.world.apply(Fleet(things))
        await CLOCK.sleep(self.dice.uniform(0.0, 0.2))
        await self.world.apply(before)

    async def restore(self) -> None:
        """Make the fleet as it was, and resume all."""
        await self.world.apply(self.whole)
        for kind, name in sorted(self.paused):
            await self._steering.resume(kind, name, "test", CLOCK.now())
        self.paused.clear()

    @property
    def _steering(self) -> PgSteering:
        return PgSteering(self.world.db)

    def _spring(self) -> WantedCampaign:
        spring = self.world.fleet.things[Kind.CAMPAIGN][SPRING]
        assert isinstance(spring, WantedCampaign)
        return spring

    async def _apply(
        self,
        things: Mapping[Kind, Mapping[str, Thing]] | None = None,
        **changes: Any,
    ) -> None:
        named = dict(things or self.world.fleet.things)
        named[Kind.CAMPAIGN] = {SPRING: replace(self._spring(), **changes)}
        await self.world.apply(Fleet(named))


def later() -> WantedStep:
    """Make a follow-up that is due at once."""
    return WantedStep(
        subject=None,
        text="Hi {{ name }}, once more.",
        html=None,
        delay=0,
        delay_unit=DelayUnit.MINUTES,
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_thousand_operations_repeat_nothing_and_skip_nothing(
    tmp_path: Path, database_url: str
) -> None:
    """Promises 1 and 2: each step that a person was to get arrived, and once."""
    dice = random.Random(1000)
    async with world(tmp_path, database_url, slow_ms=[30.0]) as w:
        await w.furnish(mailboxes=MAILBOXES, letters=PEOPLE, gap_s=0.2)
        spring = w.fleet.things[Kind.CAMPAIGN][SPRING]
        assert isinstance(spring, WantedCampaign)
        steps = (*spring.steps, *(later() for _ in range(SURE_STEPS - 1)))
        whole = dict(w.fleet.things) | {
            Kind.CAMPAIGN: {SPRING: replace(spring, steps=steps)}
        }
        operator = Operator(w, dice, Fleet(whole))
        await operator.restore()
        daemon = w.start()
        await w.until_more()
        began, before, busy = CLOCK.monotonic(), w.octets(), 0
        for _ in range(OPERATIONS):
            await operator.act()
            await CLOCK.sleep(dice.uniform(0.0, PAUSE_S))
            busy += w.octets() > before
            before = w.octets()
            if await w.is_done() and SPRING in w.fleet.things[Kind.CAMPAIGN]:
                await w.enrol(200)
        took_s = CLOCK.monotonic() - began
        await operator.restore()
        await operator.lengthen()  # what waits for a fourth step has one
        await until(lambda: is_all_sent(w), PATIENCE_S, "all was sent")
        assert await daemon.terminated() == 0
        told, states = await judged(w), await w.states()
    figures = (
        f"{OPERATIONS} operations in {took_s:.0f} s, letters arrived during {busy}: "
        f"{dict(operator.done)}; {len(w.recipients)} people, {told}, {dict(states)}"
    )
    print(figures)
    assert told.is_clean, figures
    assert states.keys() == {"sent"}, figures
    assert busy > OPERATIONS / 10, figures


async def is_all_sent(w: World) -> bool:
    """Tell whether nothing waits; what waits for a mailbox that returned is due now.

    What the daemon held just when a step came back goes on with the next housekeeping.
    """
    await w.make_due()
    return (await w.states()).keys() == {"sent"}


@dataclass
class Judged:
    """The server's log against the tables, step by step."""

    letters: int
    repeated: list[str]  # one step twice to one person, by whatever name
    unknown: list[str]  # accepted, and not in the tables
    phantom: list[int]  # sent by the tables, and never accepted
    skipped: list[str]  # a person without a step that was to come

    @property
    def is_clean(self) -> bool:
        """Whether no law is broken."""
        return not (self.repeated or self.unknown or self.phantom or self.skipped)

    def __str__(self) -> str:
        return (
            f"{self.letters} letters, repeated {len(self.repeated)}, unknown "
            f"{len(self.unknown)}, phantom {len(self.phantom)}, skipped "
            f"{len(self.skipped)} {self.skipped[:3]}"
        )


async def judged(w: World) -> Judged:
    """Join by Message-ID what arrived with what was to arrive."""
    async with w.db.connection() as connection:
        rows = await connection.fetch(
            "SELECT s.id, s.message_id, s.step_number, s.state, c.email"
            " FROM send s JOIN contact c ON c.id = s.contact_id"
        )
    named = {row["message_id"]: row for row in rows}
    got: Counter[tuple[str, int]] = Counter()
    unknown = []
    for letter in w.letters():
        row = named.get(letter.message_id) or named.get(f"<{letter.message_id}>")
        if row is None or row["email"] != letter.recipient:
            unknown.append(letter.message_id)
        else:
            got[row["email"], row["step_number"]] += 1
    steps: dict[str, set[int]] = defaultdict(set)
    for email, number in got:
        steps[email].add(number)
    return Judged(
        letters=got.total(),
        repeated=[f"{who} {step}" for (who, step), n in got.items() if n > 1],
        unknown=unknown,
        phantom=[
            row["id"]
            for row in rows
            if row["state"] == "sent" and not got[row["email"], row["step_number"]]
        ],
        skipped=[
            who
            for who in w.recipients
            if not steps[who] >= set(range(1, SURE_STEPS + 1))
        ],
    )
