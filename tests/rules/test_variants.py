"""The laws of the draw between wordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.model import Variant
from outreachd.rules.variants import chosen, draw

WEIGHTS = st.lists(st.floats(0.001, 1000), min_size=1, max_size=8)
IDS = st.integers(1, 2**62)
KNOWN = [1, 2, 0, 0, 1, 0, 0, 1, 2, 0, 2, 1]


def variants(*weights: float) -> list[Variant]:
    """Make variants a, b, c and so on."""
    return [
        Variant(name=chr(97 + i), weight=w, subject=None, text="t", html=None)
        for i, w in enumerate(weights)
    ]


@given(WEIGHTS, IDS, st.integers(1, 100))
def test_the_draw_is_always_one_of_them_and_the_same(
    weights: Sequence[float], enrolment_id: int, step: int
) -> None:
    """Asked again, elsewhere or later, it says the same."""
    place = draw(weights, enrolment_id, step)
    assert place == draw(list(weights), enrolment_id, step)
    assert 0 <= place < len(weights)


def test_a_known_draw_stays_as_it_is() -> None:
    """Another hash would give people who wait other wordings than they were counted."""
    assert [draw([1, 1, 1], n, 1) for n in range(1, 13)] == KNOWN


@pytest.mark.parametrize("weights", [(1, 1), (3, 1), (0.2, 0.3, 0.5)])
@pytest.mark.parametrize("step", [1, 2])
def test_wordings_come_as_often_as_they_weigh(
    weights: tuple[float, ...], step: int
) -> None:
    """Within three standard deviations over 30 000 contacts."""
    n = 30_000
    drawn = Counter(draw(weights, contact, step) for contact in range(1, n + 1))
    for place, weight in enumerate(weights):
        part = weight / sum(weights)
        assert abs(drawn[place] - n * part) < 3 * (n * part * (1 - part)) ** 0.5


def test_the_draws_of_two_steps_do_not_depend_on_each_other() -> None:
    """Who got the first wording of one step gets that of the next every other time."""
    same = sum(draw([1, 1], n, 1) == draw([1, 1], n, 2) for n in range(1, 10_001))
    assert abs(same - 5000) < 150


def test_a_wording_that_was_drawn_stays_whatever_it_weighs() -> None:
    """Only one that is gone is drawn anew; a step without variants has none."""
    few = variants(1, 1e9)
    assert all(chosen(few, "a", n, 1) is few[0] for n in range(100))
    assert chosen(few, "gone", 1, 1) is few[1]
    assert chosen([], "a", 1, 1) is None
