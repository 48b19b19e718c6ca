"""The laws of resting after a failure: only its scope, and never for ever."""

from __future__ import annotations

import pytest

from outreachd.rules.admission import Setback
from outreachd.rules.model import Kind, Permanence, Scope, Verdict
from outreachd.rules.setback import LONGEST_REST_S, Consequence, consequence, target


def failed(
    scope: Scope = Scope.CONNECTION,
    reason: str = "soft_network",
    *,
    own_login: bool = False,
    failures: int = 1,
    mono: float = 0.0,
    rest: Setback | None = None,
) -> Consequence | None:
    verdict = Verdict(scope, Permanence.TEMPORARY, reason)
    return consequence(
        verdict, own_login=own_login, failures=failures, why="x", mono=mono, rest=rest
    )


@pytest.mark.parametrize(
    ("scope", "reason", "own_login", "kind"),
    [
        (Scope.RECIPIENT, "hard_no_user", False, None),
        (Scope.MESSAGE, "policy_other", False, None),
        (Scope.MAILBOX, "sender_rejected", False, Kind.MAILBOX),
        (Scope.MAILBOX, "auth_credentials", False, Kind.ACCOUNT),
        (Scope.MAILBOX, "auth_credentials", True, Kind.MAILBOX),
        (Scope.DOMAIN, "block_reputation", False, Kind.DOMAIN),
        (Scope.ACCOUNT, "rate_limit", False, Kind.ACCOUNT),
        (Scope.ACCOUNT, "rate_limit", True, Kind.MAILBOX),
        (Scope.CONNECTION, "soft_network", True, Kind.ACCOUNT),
    ],
)
def test_a_failure_rests_whom_it_is_about(
    scope: Scope, reason: str, own_login: bool, kind: Kind | None
) -> None:
    """Promise 6: its scope and nobody else."""
    found = failed(scope, reason, own_login=own_login)
    assert (found.kind if found else None) is kind


def test_an_acceptance_rests_nobody() -> None:
    """A success has no consequence of this kind."""
    verdict = Verdict(Scope.MAILBOX, Permanence.ACCEPTED, "delivered")
    assert target(verdict, own_login=False) is None


def test_rests_double_up_to_the_longest_for_ever() -> None:
    """Five seconds at first, a quarter of an hour at most, after thousands too."""
    rest, mono, lengths = None, 0.0, []
    for failures in range(1, 3000):
        found = failed(failures=failures, mono=mono, rest=rest)
        assert found is not None
        rest = found.setback
        lengths.append(rest.wait_s(mono))
        mono = rest.until
    assert lengths[:5] == [5, 10, 20, 40, 80]
    assert lengths[-1] == max(lengths) == LONGEST_REST_S


def test_what_fails_during_a_rest_makes_it_no_longer() -> None:
    """It was under way before the rest began."""
    first = failed()
    assert first is not None
    second = failed(failures=2, mono=4.0, rest=first.setback)
    assert second is not None
    assert second.setback == first.setback


@pytest.mark.parametrize(
    ("reason", "patience"),
    [("auth_credentials", 2), ("sender_rejected", 2), ("account_suspended", 1)],
)
def test_what_only_a_person_can_mend_is_paused(reason: str, patience: int) -> None:
    """SMTP 7, 33: after the first or second time, and ever after."""
    for failures in range(1, 5):
        found = failed(Scope.MAILBOX, reason, failures=failures)
        assert found is not None
        assert found.is_pause is (failures >= patience)
    network = failed(failures=99)
    assert network is not None
    assert not network.is_pause
