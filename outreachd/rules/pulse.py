"""What each account's server does of late: whether it still accepts letters.

Told every end of a hand-over, and what is under way. An account is silent when its
server has refused several letters on end and accepted none between them, or leaves a
letter without an answer for long. A refusal of one recipient for good says nothing of
the server. What was not tried for long is not known any more. Pure; seconds are
monotonic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from msgspec import Struct

from outreachd.rules.model import Permanence, Reply, Scope, Verdict
from outreachd.rules.written import counted

REFUSED = 3  # letters on end, or it may be chance
REFUSES_S = 10.0
HANGS_S = 20.0
# Longer than the longest rest after failures: until then it is to be tried again.
FORGOTTEN_S = 1200.0


class UnderWay(Struct, frozen=True):
    """One letter that is being handed over."""

    account_id: int
    since: float
    is_begun: bool  # its intent is written: DATA may have been said


class Silence(Struct, frozen=True):
    """An account whose server accepts nothing."""

    account_id: int
    for_s: float
    why: str


@dataclass(slots=True)
class _Beat:
    """One account: its last acceptance, and what was refused since."""

    accepted_at: float = -inf
    refused: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    said: str = ""


class Pulse:
    """The accounts of one shift, as their servers treat us."""

    def __init__(self) -> None:
        self._beats: dict[int, _Beat] = {}

    def accepted(self, account_id: int, mono: float) -> None:
        """Note that a letter was accepted."""
        beat = self._beats.get(account_id)
        if beat is None:
            beat = self._beats[account_id] = _Beat()
        beat.accepted_at, beat.refused = mono, 0

    def failed(
        self, account_id: int, verdict: Verdict, reply: Reply, mono: float
    ) -> None:
        """Note that a letter was not accepted."""
        if (
            verdict.scope is Scope.RECIPIENT
            and verdict.permanence is Permanence.PERMANENT
        ):
            return
        beat = self._beats.setdefault(account_id, _Beat())
        if beat.refused == 0:
            beat.first_at = mono
        beat.refused, beat.last_at = beat.refused + 1, mono
        code = f"{reply.code} " if reply.code else ""
        beat.said = f"{reply.phase.value}: {code}{reply.text}"

    def accepted_at(self) -> float:
        """Tell when any server accepted a letter last; -inf = none yet."""
        return max((beat.accepted_at for beat in self._beats.values()), default=-inf)

    def silences(self, under_way: Iterable[UnderWay], mono: float) -> list[Silence]:
        """List the accounts that accept nothing, the longest silent first."""
        found = {
            id: _refusing(id, beat, mono)
            for id, beat in self._beats.items()
            if beat.refused >= REFUSED
            and mono - beat.first_at >= REFUSES_S
            and mono - beat.last_at < FORGOTTEN_S
        }
        waiting: dict[int, list[UnderWay]] = {}
        for letter in under_way:
            waiting.setdefault(letter.account_id, []).append(letter)
        for id, letters in waiting.items():
            since = min(letter.since for letter in letters)
            beat = self._beats.get(id)
            since = max(since, beat.accepted_at) if beat else since
            if id not in found and mono - since >= HANGS_S:
                found[id] = _hanging(id, letters, mono - since)
        return sorted(found.values(), key=lambda one: -one.for_s)


def _refusing(id: int, beat: _Beat, mono: float) -> Silence:
    for_s = mono - beat.first_at
    why = (
        f"its server has accepted none of {beat.refused} letters for {for_s:.0f} s,"
        f" it said last: {beat.said}"
    )
    return Silence(id, for_s, why)


def _hanging(id: int, letters: list[UnderWay], for_s: float) -> Silence:
    begun = sum(letter.is_begun for letter in letters)
    where = {0: "before DATA", len(letters): "after DATA"}.get(
        begun, f"{begun} of them after DATA"
    )
    why = (
        f"its server has not answered for {for_s:.0f} s:"
        f" {counted(len(letters), 'letter')} under way, {where}"
    )
    return Silence(id, for_s, why)
