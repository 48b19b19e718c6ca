"""The laws of measuring how evenly the work was spread."""

from random import Random

import pytest

from outreachd.demo.balance import Due, Evenness, Share, evenness, fairness
from outreachd.demo.referee import Accepted


def letters(senders: str, *, to: str = "") -> list[Accepted]:
    """Make one letter a second from mailboxes of one letter each."""
    return [
        Accepted(float(i), sender, to[i] if to else str(i), f"<{i}>", "relay")
        for i, sender in enumerate(senders)
    ]


@pytest.mark.parametrize(
    ("senders", "expected"),
    [
        ("abcabcabc", Evenness(least=3, most=3, widest_lead=1)),
        ("abcabca", Evenness(least=2, most=3, widest_lead=1)),
        ("aaabbbccc", Evenness(least=3, most=3, widest_lead=3)),
        ("abab", Evenness(least=0, most=2, widest_lead=2)),
        ("", Evenness(least=0, most=0, widest_lead=0)),
    ],
)
def test_the_lead_tells_how_far_one_ran_ahead(senders: str, expected: Evenness) -> None:
    """Even at the end is not enough: the worst moment counts, and who never sent."""
    assert evenness(letters(senders), "abc") == expected


def test_mailboxes_of_other_pools_do_not_count() -> None:
    """A pool is measured by its own mailboxes alone."""
    assert evenness(letters("axxxxb"), "ab") == Evenness(1, 1, 1)


def test_the_order_of_the_log_does_not_matter() -> None:
    """Two servers' logs may be read one after the other."""
    log = letters("abcabc")
    assert evenness(reversed(log), "abc") == evenness(log, "abc")


def test_clients_that_got_their_share_are_even() -> None:
    """Two of weight 1 and 3, always with work: every fourth letter is the first's."""
    served = "abbb" * 25
    dues = [Due(0, 1)] * 100 + [Due(0, 2)] * 100
    shares = fairness(
        letters("m" * 100, to=served), dues, {"a": 1, "b": 2}, {1: 1.0, 2: 3.0}
    )
    assert shares == {1: Share(25, 25.0), 2: Share(75, 75.0)}


def test_a_client_passed_over_is_seen() -> None:
    """Due from the start, served last: its share was half of the letters before."""
    dues = [Due(0, 1)] * 10 + [Due(0, 2)] * 10
    shares = fairness(
        letters("m" * 10, to="a" * 10), dues, {"a": 1, "b": 2}, {1: 1.0, 2: 1.0}
    )
    assert shares == {1: Share(10, 5.0), 2: Share(0, 5.0)}


def test_a_client_is_entitled_only_while_it_has_work_due() -> None:
    """Before its first due time, and after its last letter, all belongs to others."""
    dues = [Due(0, 1)] * 8 + [Due(4, 2)] * 2
    shares = fairness(
        letters("m" * 10, to="aaaababaaa"), dues, {"a": 1, "b": 2}, {1: 1.0, 2: 1.0}
    )
    assert shares[2].got == 2
    assert shares[2].due == pytest.approx(1.5)
    assert shares[1].due + shares[2].due == pytest.approx(10)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_entitled_adds_up_to_what_was_sent(seed: int) -> None:
    """Every letter is split among those who waited, none is lost."""
    dice = Random(seed)
    served = "".join(dice.choice("abc") for _ in range(200))
    client_of, weights = {"a": 1, "b": 2, "c": 3}, {1: 1.0, 2: 2.0, 3: 0.5}
    dues = [Due(dice.uniform(0, i), client_of[to]) for i, to in enumerate(served)]
    shares = fairness(letters("m" * 200, to=served), dues, client_of, weights)

    assert sum(share.due for share in shares.values()) == pytest.approx(200)
    assert sum(share.got for share in shares.values()) == 200
