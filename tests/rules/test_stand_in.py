"""The laws of sharing out what a mailbox that is gone has left."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.stand_in import share_out

OF = (1, 1)
IDS = st.integers(1, 6)


@given(
    st.lists(st.tuples(IDS, IDS), max_size=60),
    st.dictionaries(st.tuples(IDS, IDS), st.lists(IDS, unique=True, max_size=6)),
    st.dictionaries(IDS, st.integers(0, 30)),
)
def test_every_send_goes_to_the_least_loaded_that_may_write_it(
    sends: list[tuple[int, int]],
    candidates: dict[tuple[int, int], list[int]],
    loads: dict[int, int],
) -> None:
    """One by one, whichever campaign they are of; without a candidate it waits."""
    found = share_out(enumerate(sends), candidates, loads)
    load = Counter(loads)
    for send_id, of in enumerate(sends):
        if send_id not in found:
            assert not candidates.get(of)
            continue
        chosen = found[send_id]
        assert chosen in candidates[of]
        assert load[chosen] == min(load[id] for id in candidates[of])
        load[chosen] += 1


def test_a_thousand_sends_are_spread_evenly() -> None:
    """The one with much to do already gets less."""
    found = share_out(((n, OF) for n in range(1000)), {OF: [1, 2, 3]}, {1: 100})
    assert Counter(found.values()) == {1: 267, 2: 367, 3: 366}
