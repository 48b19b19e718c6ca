"""What a check of a sending domain finds: a word, and a sentence with a way out.

``ok``, ``missing`` and ``wrong`` are things we know; ``unknown`` is all that a dead
DNS, a refused answer or a relay we cannot see into leaves open: it never stops mail.
``combined`` makes one finding of several: the worst that is known comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """What is looked at, of each sending domain."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    MX = "mx"
    PTR = "ptr"
    HELO = "helo"
    BLOCKLIST = "blocklist"


class Finding(StrEnum):
    """What a check came to."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"

    @property
    def is_bad(self) -> bool:
        """Tell whether somebody must mend it."""
        return self in (Finding.MISSING, Finding.WRONG)


@dataclass(frozen=True, slots=True)
class Found:
    """One finding; ``detail`` is a sentence, with a way out where one is needed."""

    finding: Finding
    detail: str


_WORST_FIRST = (Finding.WRONG, Finding.MISSING, Finding.UNKNOWN, Finding.OK)


def combined(found: Sequence[Found]) -> Found:
    """Make one finding of several; the sentences of the worst word stand in it."""
    worst = min((one.finding for one in found), key=_WORST_FIRST.index)
    details = [one.detail for one in found if one.finding is worst]
    return Found(worst, "; ".join(dict.fromkeys(details)))


def ok(detail: str) -> Found:
    """Find nothing wrong."""
    return Found(Finding.OK, detail)


def missing(detail: str) -> Found:
    """Find that something is not there."""
    return Found(Finding.MISSING, detail)


def wrong(detail: str) -> Found:
    """Find that something is there and hurts."""
    return Found(Finding.WRONG, detail)


def unknown(detail: str) -> Found:
    """Find that nobody can tell."""
    return Found(Finding.UNKNOWN, detail)
