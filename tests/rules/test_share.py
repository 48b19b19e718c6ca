"""The laws of the fair share between clients and campaigns."""

from collections import Counter
from random import Random

import pytest

from outreachd.rules.share import FLOOR, LATELY, FairShare, parts

Turn = tuple[int, int]


def shared(
    clients: dict[int, float], campaigns: dict[int, tuple[int, float]] | None = None
) -> FairShare:
    """Make a share; without campaigns each client has one of ten times its id."""
    share = FairShare()
    share.set_weights(clients, campaigns or {c * 10: (c, 1.0) for c in clients})
    return share


def serve(share: FairShare, candidates: dict[int, list[int]], n: int) -> list[Turn]:
    """Serve n letters one by one."""
    turns = []
    for _ in range(n):
        share.working(candidates)
        turn = share.pick(candidates)
        share.charge(*turn)
        turns.append(turn)
    return turns


@pytest.mark.parametrize("seed", range(15))
def test_shares_follow_the_weights_while_all_have_work(seed: int) -> None:
    """Within 2 % of the weight, for clients and for campaigns in their client."""
    dice = Random(seed)
    clients = {i: dice.uniform(1, 5) for i in range(1, dice.randint(3, 7))}
    campaigns = {
        client * 10 + j: (client, dice.uniform(1, 5))
        for client in clients
        for j in range(dice.randint(1, 4))
    }
    ready: dict[int, list[int]] = {client: [] for client in clients}
    for campaign, (client, _) in campaigns.items():
        ready[client].append(campaign)

    n = 10_000
    served = Counter(serve(shared(clients, campaigns), ready, n))
    for campaign, (client, weight) in campaigns.items():
        of_client = sum(w for c, w in campaigns.values() if c == client)
        due = n * clients[client] / sum(clients.values()) * weight / of_client
        assert served[client, campaign] == pytest.approx(due, rel=0.02, abs=2)


@pytest.mark.parametrize("seed", range(10))
def test_every_turn_goes_to_somebody_who_can_send(seed: int) -> None:
    """Work conserving: whoever is ready, one of them is picked."""
    dice = Random(seed)
    share = shared({1: 1.0, 2: 7.0, 3: 0.2}, {i: (i % 3 + 1, 1.0) for i in range(9)})
    for _ in range(500):
        ready: dict[int, list[int]] = {1: [], 2: [], 3: []}
        for campaign in dice.sample(range(9), dice.randint(1, 9)):
            ready[campaign % 3 + 1].append(campaign)
        client, campaign = share.pick(ready)
        assert campaign in ready[client]
        share.charge(client, campaign, dice.randint(1, 20))


@pytest.mark.parametrize("seed", range(10))
def test_nobody_is_ever_far_behind_the_weight(seed: int) -> None:
    """While a client stays ready it gets its share of any stretch, whoever comes."""
    dice = Random(seed)
    share = shared({1: 1.0, 2: 2.0, 3: 5.0})
    served, turns = 0, 4000
    for _ in range(turns):
        ready = {1: [10]} | {c: [c * 10] for c in (2, 3) if dice.random() < 0.7}
        client, campaign = share.pick(ready)
        share.charge(client, campaign)
        served += client == 1
    assert served >= turns / 8 - 2


def test_an_idle_client_saves_up_nothing() -> None:
    """After a thousand turns away it shares evenly from then on, and no more."""
    share = shared({1: 1.0, 2: 1.0})
    serve(share, {1: [10]}, 1000)
    back = Counter(serve(share, {1: [10], 2: [20]}, 100))
    assert back[1, 10] == back[2, 20] == 50


@pytest.mark.parametrize("is_quiet_between", [False, True])
def test_who_sends_alone_for_a_while_owes_nobody(is_quiet_between: bool) -> None:
    """A night's work for one client takes no turn from it when the others wake up."""
    share, day = shared({1: 1.0, 2: 1.0, 3: 1.0}), {1: [10], 2: [20], 3: [30]}
    serve(share, day, 300)
    serve(share, {1: [10]}, LATELY // 3)
    if is_quiet_between:
        share.working({})
    morning = Counter(serve(share, day, 90))
    assert morning[1, 10] == pytest.approx(30, abs=1)
    assert morning[2, 20] == pytest.approx(30, abs=1)


def test_follow_ups_that_went_while_nobody_else_had_work_are_not_owed_for() -> None:
    """A night of one client's follow-ups takes no first touch from it by day."""
    share, day = shared({1: 1.0, 2: 1.0}), {1: [10], 2: [20]}
    serve(share, day, 100)
    share.working({})
    for _ in range(200):
        share.charge(1, 10)
    morning = Counter(serve(share, day, 100))
    assert morning[1, 10] == pytest.approx(50, abs=1)


def test_follow_ups_that_went_while_others_had_work_count() -> None:
    """Whoever has had more than its share by them waits for the others."""
    share, day = shared({1: 1.0, 2: 1.0}), {1: [10], 2: [20]}
    serve(share, day, 100)
    for _ in range(30):
        share.charge(1, 10)
    assert Counter(serve(share, day, 50))[1, 10] == pytest.approx(10, abs=1)


def test_an_idle_campaign_saves_up_nothing_within_its_client() -> None:
    """The same law one level down."""
    share = shared({1: 1.0}, {10: (1, 1.0), 11: (1, 1.0)})
    serve(share, {1: [10]}, 1000)
    back = Counter(serve(share, {1: [10, 11]}, 100))
    assert back[1, 10] == back[1, 11] == 50


def test_going_away_does_not_wipe_out_what_was_used() -> None:
    """A small client that comes and goes cannot get more than its share that way."""
    share = shared({1: 1.0, 2: 4.0})
    served = 0
    for i in range(1000):
        ready = {2: [20]} if i % 2 else {1: [10], 2: [20]}
        served += serve(share, ready, 1) == [(1, 10)]
    assert served <= 1000 / 5 + 1


def test_the_smallest_weight_is_served_too() -> None:
    """A weight of next to nothing counts as a tenth of the mean."""
    share = shared({1: 1000.0, 2: 1e-9})
    served = Counter(serve(share, {1: [10], 2: [20]}, 1000))
    assert served[2, 20] >= 1000 * (FLOOR / 2) / (1 + FLOOR / 2) - 1


def test_a_refund_gives_the_turn_back() -> None:
    """A letter not sent after all costs its campaign nothing."""
    share, ready = shared({1: 1.0, 2: 1.0}), {1: [10], 2: [20]}
    turn = share.pick(ready)
    share.charge(*turn)
    share.refund(*turn)
    assert share.pick(ready) == turn


def test_a_turn_that_could_not_be_used_takes_nothing_from_anybody() -> None:
    """With room for one letter at a time, all are asked and shares follow the weights.

    After each letter the others are offered a turn for which there is no room.
    """
    share, served = shared({1: 1.0, 2: 3.0}), Counter[Turn]()
    for _ in range(400):
        ready = {1: [10], 2: [20]}
        turn = share.pick(ready)
        share.charge(*turn)
        served[turn] += 1
        while ready:
            del ready[share.pick(ready)[0]]
    assert served[1, 10] == pytest.approx(100, abs=1)


def test_a_fast_client_elsewhere_does_not_push_the_others_aside() -> None:
    """Two share a mailbox, a third sends ten times as fast by mailboxes of its own."""
    share, served = shared({1: 1.0, 2: 3.0, 3: 1.0}), Counter[Turn]()
    for _ in range(400):
        share.working({1: [10], 2: [20], 3: [30]})
        turn = share.pick({1: [10], 2: [20]})
        share.charge(*turn)
        served[turn] += 1
        for _ in range(10):
            share.charge(*share.pick({3: [30]}))
    assert served[1, 10] == pytest.approx(100, abs=1)


def test_who_cannot_send_for_long_does_not_hold_the_present_back() -> None:
    """A newcomer is level with those who are served, not with one who is stuck."""
    share, stuck = shared({1: 1.0, 2: 1.0, 3: 1.0}), {1: [10], 3: [30]}
    serve(share, stuck, 2)
    for _ in range(2 * LATELY):
        share.working(stuck)
        share.charge(*share.pick({3: [30]}))
    back = {2: [20], 3: [30]}
    share.working(stuck | back)
    turns = Counter[Turn]()
    for _ in range(100):
        turn = share.pick(back)
        share.charge(*turn)
        turns[turn] += 1
    assert turns[3, 30] == pytest.approx(50, abs=2)


def test_a_charge_of_many_counts_for_many() -> None:
    """Ten letters claimed at once are ten turns."""
    share = shared({1: 1.0, 2: 1.0})
    share.charge(1, 10, 10)
    assert serve(share, {1: [10], 2: [20]}, 10) == [(2, 20)] * 10


def test_new_weights_keep_everybodys_place() -> None:
    """Applying the same fleet again, or adding to it, starts no new race."""
    share = shared({1: 1.0, 2: 1.0})
    serve(share, {1: [10], 2: [20]}, 100)
    share.charge(1, 10, 5)
    campaigns = {10: (1, 1.0), 20: (2, 1.0), 30: (3, 1.0)}
    share.set_weights({1: 1.0, 2: 1.0, 3: 1.0}, campaigns)

    served = Counter(serve(share, {1: [10], 2: [20], 3: [30]}, 10))
    assert served == {(2, 20): 5, (3, 30): 5}


def test_new_weights_keep_every_campaigns_place_in_its_client() -> None:
    """The same law one level down."""
    campaigns = {10: (1, 1.0), 11: (1, 1.0)}
    share = shared({1: 1.0}, campaigns)
    share.charge(1, 10, 5)
    share.set_weights({1: 1.0}, campaigns)
    assert serve(share, {1: [10, 11]}, 5) == [(1, 11)] * 5


def test_what_a_newcomer_uses_counts_from_the_present() -> None:
    """Five letters for a client that is new count as five, before its first turn."""
    share = shared({1: 1.0})
    serve(share, {1: [10]}, 100)
    share.set_weights({1: 1.0, 2: 1.0}, {10: (1, 1.0), 20: (2, 1.0)})
    share.charge(2, 20, 5)
    served = Counter(serve(share, {1: [10], 2: [20]}, 10))
    assert served[1, 10] == 7


def test_who_has_left_is_neither_served_nor_counted() -> None:
    """A late refund for a client or campaign that was retired is ignored."""
    share = shared({1: 1.0, 2: 1.0})
    share.set_weights({1: 1.0}, {11: (1, 1.0)})
    share.refund(2, 20)
    share.refund(1, 10)
    with pytest.raises(KeyError):
        share.pick({2: [20]})


def test_with_nobody_ready_there_is_no_turn() -> None:
    """Asking for a turn without work is a mistake of the caller."""
    share = shared({1: 1.0})
    for nobody in ({}, {1: list[int]()}):
        with pytest.raises(ValueError, match="empty"):
            share.pick(nobody)


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_a_share_of_nothing_is_refused(weight: float) -> None:
    """Who should get nothing is paused, not weighted with zero."""
    with pytest.raises(ValueError, match="above zero"):
        shared({1: 1.0, 2: weight})


def test_parts_are_what_is_served_while_all_have_work() -> None:
    """They add up to one, and nobody's is less than the floor."""
    weights = {1: 1000.0, 2: 1.0, 3: 1e-9}
    wanted = parts(weights)
    assert sum(wanted.values()) == pytest.approx(1)
    assert min(wanted.values()) >= FLOOR / 3 / (1 + FLOOR)
    served = Counter(serve(shared(weights), {1: [10], 2: [20], 3: [30]}, 10_000))
    for id_, part in wanted.items():
        assert served[id_, id_ * 10] == pytest.approx(10_000 * part, abs=2)


def test_a_turn_tells_who_is_served_next() -> None:
    """The first in both levels is the next one picked; who has no work has no place."""
    share = shared({1: 1.0, 2: 3.0, 3: 1.0})
    ready = {1: [10], 2: [20]}
    share.working(ready)
    for _ in range(50):
        places = {id_: share.turn(id_, id_ * 10)[0].place for id_ in ready}
        assert sorted(places.values()) == [1, 2]
        [turn] = serve(share, ready, 1)
        assert places[turn[0]] == 1
    share.set_weights({1: 1.0, 3: 1.0}, {10: (1, 1.0), 30: (3, 1.0)})
    assert share.turn(1, 10)[0].of == 1  # who has left races no more
    share = shared({1: 1.0, 2: 3.0, 3: 1.0})
    share.working(ready)
    client, campaign = share.turn(3, 30)
    assert (client.of, campaign.place) == (3, 1)
    assert client.part == pytest.approx(0.2)
