"""How somebody falls ill and comes back: rest, stages, relapses.

Resting ends after a time that grows with each relapse; then a part of the allowance is
given back, more of it after each day on which enough letters went and nothing was
wrong, and all of it at the end. Who falls ill on the way rests again, for longer; who
does so too often is retired until a person looks. A person's word starts anew: windows
count from then on, so that old figures do not close what was just opened, and the watch
goes on at once. Told ``now``; pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from outreachd.rules.health import Breach, Health

# How long one rests, by how often one has fallen ill before.
RESTS = (
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=14),
)
# What is given back of the allowance, stage by stage, before all of it.
STAGES = (0.25, 0.5, 0.75)
STAGE = timedelta(days=1)
STAGE_SENT = 20  # letters without which a stage has shown nothing
TIRED_SHARE = 0.5
TIRED_FOR = timedelta(days=1)
# Falls within this time of one another are relapses.
FORGIVEN = timedelta(days=30)
MOST_RELAPSES = len(RESTS)


class Standing(Struct, frozen=True, kw_only=True):
    """How somebody stands. ``stage`` 0 = not coming back from a rest."""

    health: Health = Health.WELL
    since: datetime
    until: datetime | None = None  # the end of a rest
    stage: int = 0
    relapses: int = 0
    fell_at: datetime | None = None  # the newest rest's beginning
    rule: str = ""
    fresh_since: datetime | None = None  # older letters count no more


def share(standing: Standing) -> float:
    """Tell which part of the allowance is given."""
    match standing.health:
        case Health.WELL:
            return 1.0
        case Health.TIRED:
            return STAGES[standing.stage - 1] if standing.stage else TIRED_SHARE
        case Health.RESTING | Health.RETIRED:
            return 0.0


def part(standing: Standing) -> float:
    """Tell the part of a day's allowance to reckon with: who rests is paused beside it.

    So the first letter after a rest is of its first stage, whoever ended it.
    """
    return share(standing) or STAGES[0]


def after(
    standing: Standing, breaches: Sequence[Breach], *, sent: int, now: datetime
) -> Standing:
    """Tell how somebody stands now; the same if nothing has changed.

    ``breaches``: the rules that hold, of those that may act. ``sent``: letters since
    the present stage began.
    """
    match standing.health:
        case Health.RETIRED:
            return standing
        case Health.RESTING:
            is_over = standing.until is not None and now >= standing.until
            return _returning(standing, 1, now) if is_over else standing
        case Health.WELL | Health.TIRED:
            pass
    worst = next((b for b in breaches if b.rule.brings is Health.RESTING), None)
    if worst is not None:
        return _fallen(standing, worst.rule.name, now)
    if breaches:
        return _tired(standing, breaches[0].rule.name, now)
    return _recovering(standing, sent, now)


def resumed(now: datetime) -> Standing:
    """Start anew, because a person said so."""
    return Standing(since=now, fresh_since=now)


def accepted(standing: Standing, brings: Health, rule: str, now: datetime) -> Standing:
    """Do what a rule suggested, because a person said yes."""
    if brings is Health.TIRED:
        return _tired(standing, rule, now)
    return _fallen(standing, rule, now)


def _fallen(standing: Standing, rule: str, now: datetime) -> Standing:
    is_relapse = standing.fell_at is not None and now - standing.fell_at < FORGIVEN
    relapses = standing.relapses + 1 if is_relapse else 0
    if relapses >= MOST_RELAPSES:
        return Standing(
            health=Health.RETIRED,
            since=now,
            relapses=relapses,
            fell_at=now,
            rule=rule,
            fresh_since=standing.fresh_since,
        )
    return Standing(
        health=Health.RESTING,
        since=now,
        until=now + RESTS[relapses],
        relapses=relapses,
        fell_at=now,
        rule=rule,
        fresh_since=standing.fresh_since,
    )


def _tired(standing: Standing, rule: str, now: datetime) -> Standing:
    """Slow down; on the way back: stay where one is, and begin the day again."""
    if standing.stage or standing.health is Health.WELL:
        is_back = standing.stage > 0
        return replace(
            standing,
            health=Health.TIRED,
            since=now,
            rule=standing.rule if is_back else rule,
        )
    return standing


def _recovering(standing: Standing, sent: int, now: datetime) -> Standing:
    if standing.health is Health.WELL:
        return standing
    if not standing.stage:
        return _well(standing, now) if now - standing.since >= TIRED_FOR else standing
    if now - standing.since < STAGE or sent < STAGE_SENT:
        return standing
    if standing.stage == len(STAGES):
        return _well(standing, now)
    return _returning(standing, standing.stage + 1, now)


def _returning(standing: Standing, stage: int, now: datetime) -> Standing:
    return replace(
        standing,
        health=Health.TIRED,
        since=now,
        until=None,
        stage=stage,
        # What went before the rest is paid for; what goes now is watched as one.
        fresh_since=now if stage == 1 else standing.fresh_since,
    )


def _well(standing: Standing, now: datetime) -> Standing:
    return Standing(
        since=now,
        relapses=standing.relapses,
        fell_at=standing.fell_at,
        fresh_since=standing.fresh_since,
    )
