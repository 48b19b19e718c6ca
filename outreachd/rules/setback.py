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
MOST_DOUBLINGS = 8  # more would be cut to the longest rest anyway

# Failures in a row after which only a person can help, by reason.
NEEDS_A_PERSON = {
    "auth_credentials": 2,
    "sender_rejected": 2,
    "account_suspended": 1,
}


# What a server says of whoever logged in: the account, where the mailbox did not.
OF_THE_LOGIN = frozenset(
    {
        "account_suspended",
        "auth_credentials",
        "auth_rate_limit",
        "quota_sender",
        "relay_denied",
    }
)


@dataclass(frozen=True, slots=True)
class Consequence:
    """Who rests and how; ``is_pause`` = until a person resumes it."""

    kind: Kind
    setback: Setback
    is_pause: bool


def consequence(
    verdict: Verdict,
    *,
    own_login: bool,
    failures: int,
    why: str,
    mono: float,
    rest: Setback | None = None,
) -> Consequence | None:
    """Decide whom to stop after a failure; None = nobody.

    ``failures``: how many in a row this makes for the scope. ``own_login``: the
    mailbox logs in by itself, so that refused credentials are its own. ``rest``: the
    newest setback of the scope; what fails during it was under way before, so it
    makes it no longer.
    """
    kind = target(verdict, own_login=own_login)
    if kind is None:
        return None
    patience = NEEDS_A_PERSON.get(verdict.reason)
    return Consequence(
        kind,
        _setback(rest, why, mono),
        is_pause=patience is not None and failures >= patience,
    )


def _setback(rest: Setback | None, why: str, mono: float) -> Setback:
    if rest is not None and rest.wait_s(mono) > 0:
        return rest
    rounds = rest.failures + 1 if rest else 1
    rest_s = FIRST_REST_S * 2.0 ** min(rounds - 1, MOST_DOUBLINGS)
    return Setback(mono + min(rest_s, LONGEST_REST_S), rounds, why)


def target(verdict: Verdict, *, own_login: bool) -> Kind | None:
    """Tell whom a failure is about, of those who can rest; None = nobody."""
    if verdict.permanence is Permanence.ACCEPTED:
        return None
    match verdict.scope:
        case Scope.RECIPIENT | Scope.MESSAGE:
            return None
        case Scope.MAILBOX:
            shared = verdict.reason in OF_THE_LOGIN and not own_login
            return Kind.ACCOUNT if shared else Kind.MAILBOX
        case Scope.DOMAIN:
            return Kind.DOMAIN
        case Scope.ACCOUNT:
            return Kind.MAILBOX if own_login else Kind.ACCOUNT
        case Scope.CONNECTION:
            return Kind.ACCOUNT
