"""After an outage nothing bursts: the useful is spread, the useless ends with a reason.

A daemon was away for three days; twelve thousand letters came due meanwhile. The real
ledger, pool and feed take up the work on a virtual clock, and every allowance is held
against what the servers got.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from outreachd.store.database import Database
from outreachd.store.journal import Journal
from outreachd.store.ledger import PgLedger
from tests.store.seed import NOW, seed_fleet
from tests.test_shift import Bench, at_work

ROWS, BOXES = 12_000, 40
HOUR_S, DAY = 3600.0, timedelta(days=1)
HOURLY, DAILY, GAP_S, A_MINUTE = 12, 20, 60.0, 20
AWAY, USEFUL = 3 * DAY, 2 * DAY

# Our own figures, no stranger's text.
FLEET = f"""
UPDATE mailbox SET hourly_limit = {HOURLY}, daily_limit = {DAILY}, min_gap_s = {GAP_S};
UPDATE domain SET rate_per_minute = {A_MINUTE};
UPDATE campaign SET useful_for_s = {USEFUL.total_seconds()};
INSERT INTO step (campaign_id, number, subject, body_text, delay, delay_unit)
    SELECT id, 2, NULL, 'Did you see it?', 2, 'days' FROM campaign;
"""  # noqa: S608
# A third are follow-ups, bound to the mailbox that wrote first.
BACKLOG = f"""
INSERT INTO contact (client_id, email, consent_basis)
    SELECT 1, 'p' || n || '@x.example', 'asked' FROM generate_series(1, {ROWS}) n;
INSERT INTO enrolment (campaign_id, contact_id) SELECT 1, id FROM contact;
INSERT INTO queue VALUES (1, '');
INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, mailbox_id,
                  due_at, first_due_at, thread, thread_subject, changed_at)
    SELECT 1, CASE WHEN is_bound THEN 2 ELSE 1 END, contact_id, id,
        CASE WHEN is_bound THEN id % {BOXES} + 1 END, due_at, due_at,
        CASE WHEN is_bound THEN '<first@mail.acme.example>' END,
        CASE WHEN is_bound THEN 'Hello' END, due_at
    FROM (SELECT id, contact_id, id % 3 = 0 AS is_bound, timestamptz '{NOW}'
              - interval '{AWAY.days} days' * (id::float / {ROWS}) AS due_at
          FROM enrolment) e;
"""  # noqa: S608


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "outcomes.journal")
    yield journal
    journal.close()


async def backlog(bench: Bench) -> None:
    """Put in what came due while nobody sent."""
    async with bench.db.connection() as connection:
        await seed_fleet(connection, mailboxes=BOXES)
        await connection.execute(FLEET)
        await connection.execute(BACKLOG)
        await connection.execute("ANALYZE")


def most_in(times: Sequence[float], period_s: float) -> int:
    """Tell the most letters in any half-open stretch of that length."""
    return max(
        (bisect_right(times, t + period_s - 1e-6) - i for i, t in enumerate(times)),
        default=0,
    )


async def test_three_days_away_end_in_no_burst(db: Database, journal: Journal) -> None:
    """Promise 4: allowances hold from the first second on, the stale are told why."""
    bench = Bench(db, journal)
    await backlog(bench)
    shift = await bench.shift()
    ledger = PgLedger(db, bench.owner)
    while await ledger.expire_stale(now=bench.clock.now(), at_most=200):
        pass
    async with at_work(bench, shift):
        await bench.clock.sleep(3 * HOUR_S)

    letters = bench.carrier.delivered
    everything = sorted(letter.mono for letter in letters)
    assert most_in(everything, 60.0) <= A_MINUTE
    for box in {letter.sender for letter in letters}:
        times = sorted(letter.mono for letter in letters if letter.sender == box)
        assert most_in(times, HOUR_S) <= HOURLY
        assert len(times) <= DAILY
        assert most_in(times, GAP_S) == 1
    # All that the fleet may send in the time is sent: it is spread, not held back.
    assert len(letters) == BOXES * DAILY

    assert await bench.run(WRONGLY_ENDED, USEFUL) == 0
    assert await bench.run(SENT_TOO_LATE, USEFUL) == 0
    assert await bench.run(TOO_SOON_AFTER) == 0
    states = await bench.states()
    assert states["expired"] >= ROWS // 3
    assert (
        sum(states.values()) - states["scheduled"] == len(letters) + states["expired"]
    )


# Each ended one was stale, says so in a sentence, and ended its sequence.
WRONGLY_ENDED = """
SELECT count(*) FROM send s JOIN enrolment e ON e.id = s.enrolment_id
WHERE s.state = 'expired' AND NOT (
    s.changed_at > s.first_due_at + $1 AND s.reason = 'too_late'
    AND s.detail LIKE 'it was of use until 2026-%' AND e.state = 'stopped')"""
SENT_TOO_LATE = """
SELECT count(*) FROM send
WHERE state = 'sent' AND changed_at > first_due_at + $1 + interval '1 minute'"""
# A follow-up keeps its distance from a first touch that went late.
TOO_SOON_AFTER = """
SELECT count(*) FROM send first JOIN send second USING (enrolment_id)
WHERE first.step_number = 1 AND second.step_number = 2
  AND second.due_at < first.changed_at + interval '2 days'"""
