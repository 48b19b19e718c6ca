"""The laws of falling ill and coming back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outreachd.rules.health import Breach, Health
from outreachd.rules.health_rules import RULES
from outreachd.rules.recovery import (
    MOST_RELAPSES,
    RESTS,
    STAGE_SENT,
    STAGES,
    Standing,
    accepted,
    after,
    part,
    resumed,
    share,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
BY_NAME = {rule.name: rule for rule in RULES}
BAD = Breach(rule=BY_NAME["domain_bounces_day"], sent=60, events=7, low=0.05)
SLOW = Breach(rule=BY_NAME["domain_bounces_many"], sent=300, events=12, low=0.03)
WELL = Standing(since=NOW)


def rested(now: datetime = NOW) -> Standing:
    return after(WELL, [BAD], sent=0, now=now)


def test_who_is_well_stays_so_without_a_change() -> None:
    """No event, no new value: nothing is to be written."""
    assert after(WELL, [], sent=500, now=NOW + DAY) is WELL


def test_a_rest_has_an_end_and_a_rule() -> None:
    """Nothing is sent meanwhile; whoever ends it, the first stage is what follows."""
    ill = rested()
    assert (ill.health, ill.until, ill.rule) == (
        Health.RESTING,
        NOW + RESTS[0],
        "domain_bounces_day",
    )
    assert (share(ill), part(ill)) == (0.0, STAGES[0])
    assert after(ill, [], sent=0, now=NOW + RESTS[0] / 2) is ill


def test_it_comes_back_in_stages_with_letters_and_days() -> None:
    """Each takes a day and enough letters; at the end it is well."""
    standing, now, shares = rested(), NOW + RESTS[0], []
    for _ in STAGES:
        standing = after(standing, [], sent=STAGE_SENT, now=now)
        shares.append(share(standing))
        assert after(standing, [], sent=STAGE_SENT, now=now + DAY / 2) is standing
        assert after(standing, [], sent=STAGE_SENT - 1, now=now + 9 * DAY) is standing
        now += DAY
    assert shares == list(STAGES)
    standing = after(standing, [], sent=STAGE_SENT, now=now)
    assert (standing.health, share(standing)) == (Health.WELL, 1.0)


def test_old_letters_do_not_count_after_a_rest() -> None:
    """What it rested for is paid for; from the first stage on all is watched."""
    back = after(rested(), [], sent=0, now=NOW + RESTS[0])
    assert back.fresh_since == NOW + RESTS[0]


def test_a_relapse_rests_longer_and_the_last_is_for_good() -> None:
    """Each fall within a month is worse; then a person must look."""
    standing, now, lengths = WELL, NOW, []
    for _ in range(MOST_RELAPSES):
        standing = after(standing, [BAD], sent=0, now=now)
        assert standing.until is not None
        lengths.append(standing.until - now)
        now = standing.until
        standing = after(standing, [], sent=0, now=now)
    assert lengths == list(RESTS)
    retired = after(standing, [BAD], sent=0, now=now)
    assert (retired.health, retired.until) == (Health.RETIRED, None)
    assert after(retired, [], sent=99, now=now + 99 * DAY) is retired


def test_a_fall_long_ago_is_forgiven() -> None:
    """After a month the first rest is the first again."""
    old = Standing(since=NOW, fell_at=NOW - 31 * DAY, relapses=3)
    assert after(old, [BAD], sent=0, now=NOW).until == NOW + RESTS[0]


def test_the_tired_are_slowed_and_recover_in_a_day() -> None:
    """As long as the rule holds they stay so."""
    tired = after(WELL, [SLOW], sent=0, now=NOW)
    assert (tired.health, share(tired)) == (Health.TIRED, 0.5)
    assert after(tired, [SLOW], sent=0, now=NOW + 3 * DAY) is tired
    assert after(tired, [], sent=0, now=NOW + DAY / 2) is tired
    assert after(tired, [], sent=0, now=NOW + DAY).health is Health.WELL
    assert after(tired, [SLOW, BAD], sent=0, now=NOW).health is Health.RESTING


def test_what_is_not_right_on_the_way_back_begins_the_day_anew() -> None:
    """It stays at its stage."""
    back = after(rested(), [], sent=0, now=NOW + RESTS[0])
    again = after(back, [SLOW], sent=0, now=NOW + RESTS[0] + DAY)
    assert (again.stage, again.since) == (1, NOW + RESTS[0] + DAY)


def test_a_persons_word_starts_anew() -> None:
    """Windows count from then on, and the next fall is the first."""
    fresh = resumed(NOW + DAY)
    assert (fresh.health, fresh.fresh_since) == (Health.WELL, NOW + DAY)
    assert after(fresh, [BAD], sent=0, now=NOW + 2 * DAY).relapses == 0


def test_a_yes_does_what_the_rule_would_have_done() -> None:
    """Resting or tired, by its name."""
    assert accepted(WELL, Health.RESTING, "r", NOW).until == NOW + RESTS[0]
    assert accepted(WELL, Health.TIRED, "r", NOW).rule == "r"
