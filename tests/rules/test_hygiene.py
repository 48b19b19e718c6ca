"""The laws of marking addresses and of a campaign's policy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.hygiene import (
    TAKEN,
    Judgement,
    MailVerdict,
    Mark,
    Policy,
    Treatment,
    judge,
    marks_of,
)


@pytest.mark.parametrize(
    ("address", "marks"),
    [
        ("ann.lee@acme.example", []),
        ("info@acme.example", [Mark.ROLE]),
        ("no-reply@acme.example", [Mark.ROLE]),
        ("contact17@acme.example", []),  # one of many, by whatever program
        ("sales+eu@acme.example", [Mark.ROLE]),
        ("customer.service@acme.example", [Mark.ROLE]),
        ("kontakt@acme.example", [Mark.ROLE]),
        ("информация@acme.example", [Mark.SMTPUTF8]),
        ("приемная@acme.example", [Mark.ROLE, Mark.SMTPUTF8]),
        ("infobert@acme.example", []),
        ("salesman@acme.example", []),
        ("ann@gmail.com", [Mark.FREE]),
        ("ann@mail.gmail.com", []),
        ("x@mailinator.com", [Mark.DISPOSABLE]),
        ("x@sub.mailinator.com", [Mark.DISPOSABLE]),
        ("info@yopmail.com", [Mark.ROLE, Mark.DISPOSABLE]),
        ("42@acme.example", []),
    ],
)
def test_an_address_is_marked_by_what_it_is(address: str, marks: list[Mark]) -> None:
    """A function is one with tag, number or hyphen too, and no part of a name is."""
    assert marks_of(address) == marks


@pytest.mark.parametrize(
    ("verdict", "is_marked"),
    [
        (MailVerdict.MX, False),
        (MailVerdict.A_ONLY, False),
        (MailVerdict.UNKNOWN, False),
        (MailVerdict.NULL_MX, True),
        (MailVerdict.NONE, True),
    ],
)
def test_only_a_sure_word_of_the_dns_counts(
    verdict: MailVerdict, is_marked: bool
) -> None:
    """A domain without MX but with an address takes mail; a DNS fault says nothing."""
    assert (Mark.NO_MX in marks_of("ann@acme.example", verdict)) is is_marked


def test_what_is_not_odd_is_taken() -> None:
    """Without marks, or with marks that the campaign takes, there is no reason."""
    assert judge([], Policy()) == TAKEN
    assert judge([Mark.FREE], Policy()) == TAKEN


def test_the_defaults_hold_functions_and_skip_what_would_bounce() -> None:
    """The sentence says what is odd and what was done."""
    assert judge([Mark.ROLE], Policy()) == Judgement(
        Treatment.HOLD,
        "role_address",
        "the address belongs to a function such as info@ or sales@, not to a person: "
        "its letter waits until a person releases it",
    )
    assert judge([Mark.NO_MX], Policy()) == Judgement(
        Treatment.SKIP,
        "no_mx",
        "the address is at a domain that takes no mail: it was left out",
    )
    assert judge([Mark.DISPOSABLE], Policy()).treatment is Treatment.SKIP


def test_a_campaign_may_want_it_otherwise() -> None:
    """Each mark has its own setting."""
    policy = Policy(role=Treatment.TAKE, free=Treatment.SKIP)
    assert judge([Mark.ROLE], policy) == TAKEN
    assert judge([Mark.FREE, Mark.ROLE], policy).reason == "free_address"


treatments = st.sampled_from(Treatment)


@given(
    st.lists(st.sampled_from(Mark), unique=True),
    st.builds(
        Policy,
        role=treatments,
        disposable=treatments,
        free=treatments,
        smtputf8=treatments,
        no_mx=treatments,
    ),
)
def test_the_strictest_mark_wins(marks: list[Mark], policy: Policy) -> None:
    """Skip before hold before take, whatever the order of the marks."""
    order = list(Treatment)
    wanted = max((policy.of(mark) for mark in marks), key=order.index, default="take")
    found = judge(marks, policy)
    assert found.treatment == wanted
    assert bool(found.reason) is bool(found.sentence) is (wanted != "take")
