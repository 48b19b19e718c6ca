"""The referee sees every kind of fault, and none where there is none.

Each law has a log that keeps it to the letter and one that breaks it by one letter or
a fraction of a second: a check that cannot fail is no check.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from outreachd.demo.referee import Accepted, Fleet, Tally, Violation, over_limit, tally
from outreachd.rules.calendar import instant, zone
from outreachd.rules.model import Account, Client, Domain, Kind, Mailbox, Ramp
from tests.rosters import account, client, domain, mailbox

BERLIN = zone("Europe/Berlin")
NOON = datetime(2026, 6, 1, 10, tzinfo=UTC).timestamp()  # in Berlin
DAY_S = 86_400.0

ANN = mailbox(
    address="ann@a.example",
    daily_limit=1000,
    hourly_limit=1000,
    min_gap_s=0.0,
    timezone=BERLIN,
)
BEN = replace(ANN, id=2, address="ben@a.example")
DOMAIN = domain(
    name="a.example", daily_limit=1000, rate_per_minute=1000, timezone=BERLIN
)
RELAY = account(name="relay")
ACME = client(name="acme", timezone=BERLIN)


def letters(times: Sequence[float], *mailboxes: Mailbox) -> list[Accepted]:
    """Make letters at those times, from the mailboxes in turn, to one person each."""
    senders = mailboxes or (ANN,)
    return [
        Accepted(
            at, senders[i % len(senders)].address, f"p{i}@p.example", f"<{i}>", "relay"
        )
        for i, at in enumerate(times)
    ]


def judge(
    times: Sequence[float],
    *mailboxes: Mailbox,
    domain: Domain = DOMAIN,
    account: Account = RELAY,
    client: Client = ACME,
    days_sent: int = 0,
    slack_s: float = 0.0,
) -> list[Violation]:
    """Judge letters at those times by these limits."""
    log = letters(times, *mailboxes)
    fleet = Fleet(
        mailboxes={box.address: box for box in mailboxes or (ANN,)},
        domains={1: domain},
        accounts={"relay": account},
        clients={1: client},
        client_of={letter.recipient: 1 for letter in log},
        days_sent={(kind, 1): days_sent for kind in Kind},
    )
    return over_limit(log, fleet, slack_s=slack_s)


# --- each letter once ------------------------------------------------------------


def test_each_expected_letter_once_is_no_fault() -> None:
    """What was expected and came, once, is counted and nothing else."""
    log = letters([NOON + i for i in range(5)])
    expected = {letter.recipient: 1 for letter in log}
    assert tally(log, expected) == Tally(accepted=5, duplicates=0, missing=0)


def test_a_letter_that_did_not_come_is_missing() -> None:
    """Also where all the others did."""
    log = letters([NOON, NOON])
    expected = {"p0@p.example": 1, "p1@p.example": 1, "p2@p.example": 2}
    assert tally(log, expected) == Tally(accepted=2, duplicates=0, missing=2)


def test_the_same_letter_twice_is_a_duplicate() -> None:
    """By its identity, and not less where the person was to get another one too."""
    log = letters([NOON])
    assert tally(log * 2, {"p0@p.example": 1}) == Tally(2, 1, 0)
    assert tally(log * 2, {"p0@p.example": 2}) == Tally(2, 1, 1)
    assert tally(log * 3, {"p0@p.example": 1}) == Tally(3, 2, 0)


def test_a_second_letter_under_another_identity_is_a_duplicate() -> None:
    """A new Message-ID does not make one letter two."""
    (one,) = letters([NOON])
    log = [one, replace(one, message_id="<other>")]
    assert tally(log, {"p0@p.example": 1}) == Tally(2, 1, 0)


def test_a_letter_to_a_stranger_is_a_duplicate() -> None:
    """Nobody expected it, so it is one too many."""
    assert tally(letters([NOON]), {"q@p.example": 1}) == Tally(1, 1, 1)


# --- within every limit: the widest that is allowed, and one step further -----------


def test_the_gap_of_a_mailbox() -> None:
    """90 s apart is allowed, a millisecond less is not; another mailbox is free."""
    ann, ben = replace(ANN, min_gap_s=90), replace(BEN, min_gap_s=90)
    times = [NOON + 90 * i for i in range(20)]
    assert judge(times, ann) == []
    assert judge([NOON, NOON], ann, ben) == []

    times[10] -= 0.001
    (found,) = judge(times, ann)
    assert (found.kind, found.name, found.at) == (Kind.MAILBOX, ann.address, times[10])


def test_the_hour_of_a_mailbox_slides() -> None:
    """Ten in any hour, not ten by the clock's hour."""
    ann = replace(ANN, hourly_limit=10)
    burst = [NOON + 3000 + i for i in range(10)]
    assert judge([*burst, burst[0] + 3600], ann) == []
    (found,) = judge([*burst, burst[0] + 3599.99], ann)
    assert found.law == "10 in 3600 s"


def test_the_day_of_a_mailbox_is_its_local_day() -> None:
    """Three before local midnight and three after are two days; four are too many."""
    ann = replace(ANN, daily_limit=3)
    midnight = datetime(2026, 6, 1, 22, tzinfo=UTC).timestamp()
    before, after = [midnight - 3, midnight - 2, midnight - 1], [midnight, midnight + 1]
    assert judge([*before, *after], ann) == []
    (found,) = judge([midnight - 4, *before, *after], ann)
    assert found.at == midnight - 1
    assert found.law == "3 on 2026-06-01"


def test_a_day_with_a_clock_change_is_one_day() -> None:
    """Process 69: over 25 hours the cap is the same, over 24 it has not begun anew."""
    ann = replace(ANN, daily_limit=2)
    start = datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()
    hours = 3600.0
    assert judge([start, start + 1, start + 25 * hours], ann) == []
    (found,) = judge([start, start + 1, start + 24.5 * hours], ann)
    assert found.law == "2 on 2026-10-25"


def test_a_ramp_counts_days_with_sending() -> None:
    """Days without sending do not raise the cap; days before the log do."""
    ann = replace(ANN, ramp=Ramp(start=1, end=3, days=3))
    first, later = NOON, NOON + 10 * DAY_S
    assert judge([first, later, later + 1], ann) == []
    (found,) = judge([first, later, later + 1, later + 2], ann)
    assert found.law == "2 on 2026-06-11"
    assert judge([first, later, later + 1, later + 2], ann, days_sent=1) == []


def test_a_domain_joins_its_mailboxes() -> None:
    """Its minute and its day count the letters of all of them."""
    minute = replace(DOMAIN, rate_per_minute=4)
    times = [NOON, NOON + 1, NOON + 2, NOON + 3]
    assert judge([*times, NOON + 60], ANN, BEN, domain=minute) == []
    (found,) = judge([*times, NOON + 59.9], ANN, BEN, domain=minute)
    assert (found.kind, found.name) == (Kind.DOMAIN, "a.example")

    day = replace(DOMAIN, daily_limit=4)
    assert judge([*times, NOON + DAY_S], ANN, BEN, domain=day) == []
    assert len(judge([*times, NOON + 9, NOON + 10], ANN, BEN, domain=day)) == 2


def test_a_ramp_of_a_domain() -> None:
    """It caps the first day of all its mailboxes together."""
    domain = replace(DOMAIN, ramp=Ramp(start=2, end=400, days=28))
    (found,) = judge([NOON, NOON, NOON], ANN, BEN, domain=domain)
    assert found.kind is Kind.DOMAIN


@pytest.mark.parametrize(
    ("rate", "period_s", "n"), [(2.0, 1.0, 2), (1.7, 1.0, 1), (0.5, 2.0, 1)]
)
def test_the_second_of_an_account(rate: float, period_s: float, n: int) -> None:
    """Whole letters a second; half a letter a second is one in two."""
    account = replace(RELAY, rate_per_second=rate)
    assert judge([NOON] * n + [NOON + period_s], account=account) == []
    (found,) = judge([NOON] * n + [NOON + period_s - 0.01], account=account)
    assert (found.kind, found.name) == (Kind.ACCOUNT, "relay")


def test_the_day_of_an_account_and_of_a_client() -> None:
    """Each by its own zone: the account's day here ends at midnight UTC."""
    account, client = replace(RELAY, daily_limit=2), replace(ACME, daily_limit=3)
    midnight = datetime(2026, 6, 2, tzinfo=UTC).timestamp()
    times = [midnight - 2, midnight - 1, midnight]
    assert judge(times, account=account, client=client) == []
    (found,) = judge([*times[:2], midnight - 0.5], account=account)
    assert (found.kind, found.law) == (Kind.ACCOUNT, "2 on 2026-06-01")
    (found,) = judge([*times, midnight + 1], client=client)
    assert (found.kind, found.law) == (Kind.CLIENT, "3 on 2026-06-02")


def test_the_workday_of_a_mailbox() -> None:
    """From nine to six on its own clock; the end is outside."""
    ann = replace(ANN, workday_start_min=540, workday_end_min=1080)
    day = datetime(2026, 6, 1, tzinfo=UTC).date()
    opens = instant(day, 540, BERLIN).timestamp()
    closes = instant(day, 1080, BERLIN).timestamp()
    assert judge([opens, closes - 0.1], ann) == []
    (early,) = judge([opens - 0.1], ann)
    (late,) = judge([closes + 0.1], ann)
    assert early.law == late.law == "outside the workday"


def test_slack_forgives_what_it_says_and_no_more() -> None:
    """On real time a decision arrives some milliseconds later than it was made."""
    ann = replace(
        ANN, min_gap_s=90, workday_start_min=540, workday_end_min=1080, hourly_limit=2
    )
    closes = instant(datetime(2026, 6, 1, tzinfo=UTC).date(), 1080, BERLIN).timestamp()
    times = [closes - 3599.985, closes - 89.985, closes + 0.01]
    assert {v.law for v in judge(times, ann)} == {
        "gap 90 s",
        "2 in 3600 s",
        "outside the workday",
    }
    assert len(judge(times, ann, slack_s=0.004)) == 3
    assert judge(times, ann, slack_s=0.02) == []


def test_every_letter_too_many_counts_in_order_of_time() -> None:
    """Five at once where one is allowed are four too many."""
    ann = replace(ANN, hourly_limit=1, daily_limit=3)
    found = judge([NOON + i for i in (4, 3, 2, 1, 0)], ann)
    assert len(found) == 4 + 2
    assert [v.at for v in found] == sorted(v.at for v in found)


def test_a_violation_is_told_in_one_line() -> None:
    """When, whose, and which law."""
    violation = Violation(NOON + 0.25, Kind.DOMAIN, "a.example", "20 in 60 s")
    assert str(violation) == (
        "2026-06-01T10:00:00.250+00:00 domain a.example: 20 in 60 s"
    )


def test_a_letter_from_outside_the_fleet_voids_the_run() -> None:
    """An unknown sender or account is never passed over in silence."""
    fleet = Fleet(mailboxes={}, domains={}, accounts={})
    with pytest.raises(KeyError, match="ann@a"):
        over_limit(letters([NOON]), fleet)
    fleet = Fleet(mailboxes={ANN.address: ANN}, domains={1: DOMAIN}, accounts={})
    with pytest.raises(KeyError, match="relay"):
        over_limit(letters([NOON]), fleet)


@pytest.mark.parametrize("seed", range(10))
def test_two_pointers_find_what_counting_finds(seed: int) -> None:
    """The fast way agrees with looking at every window by hand."""
    dice, limit = Random(seed), 5
    times = sorted(NOON + dice.uniform(0, 6 * 3600) for _ in range(40))
    by_hand = sum(
        sum(at - 3600 < other <= at for other in times[: i + 1]) > limit
        for i, at in enumerate(times)
    )
    found = judge(times, replace(ANN, hourly_limit=limit))
    assert len(found) == by_hand > 0


def test_twenty_thousand_letters_are_judged_in_a_moment() -> None:
    """A day of a whole fleet costs the demo no noticeable time."""
    times = [NOON + i * 1.5 for i in range(20_000)]
    box = replace(ANN, workday_end_min=1439)
    began = time.process_time()  # ours alone: others may be busy too
    assert judge(times, box) != []
    assert time.process_time() - began < 5


def test_days_are_told_apart_over_a_week() -> None:
    """The cap begins anew each local day, and only then."""
    ann = replace(ANN, daily_limit=2)
    start = datetime(2026, 6, 1, 10, tzinfo=UTC)
    days = [start + timedelta(days=i) for i in range(7)]
    times = [day.timestamp() + s for day in days for s in (0, 60)]
    assert judge(times, ann) == []
    assert len(judge([*times, times[6] + 90], ann)) == 1
