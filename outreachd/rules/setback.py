"""What a failed hand-over means for those who will send next.

A verdict's scope says whom it is about. A relay that cannot be reached rests, longer
with every failure in a row; credentials or a sender that were refused twice are
paused until a person looks. A recipient's or a letter's fault rests nobody: one
failure stops only its scope.
"""

from __future__ import annotations

from dataclasses import dataclass

from outreachd.rules.admission import Setback
from outreachd.rules.model import Kind, Permanence, Scope, Verdict

FIRST_REST_S = 5.0
LONGEST_REST_S = 900.0

# Failures in a row after which only a person can help, by reason.
NEEDS_A_PERSON = {
    "auth_credentials": 2,
    "sender_rejected": 2,
    "account_suspended": 1,
}


@dataclass(frozen=True, slots=True)
class Consequence:
    """Who rests and how; ``is_pause`` = until a person resumes it."""

    kind: Kind
    setback: Setback
    is_pause: bool


def consequence(
    verdict: Verdict, *, own_login: bool, failures: int, why: str, mono: float
) -> Consequence | None:
    """Decide whom to stop after a failure; None = nobody.

    ``failures``: how many in a row this makes for the scope. ``own_login``: the
    mailbox logs in by itself, so that refused credentials are its own.
    """
    kind = _target(verdict, own_login)
    if kind is None:
        return None
    rest_s = min(FIRST_REST_S * 2.0 ** (failures - 1), LONGEST_REST_S)
    patience = NEEDS_A_PERSON.get(verdict.reason)
    return Consequence(
        kind,
        Setback(mono + rest_s, failures, why),
        is_pause=patience is not None and failures >= patience,
    )


def _target(verdict: Verdict, own_login: bool) -> Kind | None:
    if verdict.permanence is Permanence.ACCEPTED:
        return None
    match verdict.scope:
        case Scope.RECIPIENT | Scope.MESSAGE:
            return None
        case Scope.MAILBOX:
            if verdict.reason == "auth_credentials" and not own_login:
                return Kind.ACCOUNT
            return Kind.MAILBOX
        case Scope.DOMAIN:
            return Kind.DOMAIN
        case Scope.ACCOUNT:
            return Kind.MAILBOX if own_login else Kind.ACCOUNT
        case Scope.CONNECTION:
            return Kind.ACCOUNT
