"""Who is ill: counts of what came back, judged so that chance closes nothing.

A rule asks for enough letters *and* enough events, and then judges not the rate but the
least rate that fits them (Wilson, one-sided). A mailbox has few letters, so some of its
domain's experience is mixed into its own: one complaint in forty says little, six
bounces in thirty a lot. Complaints are judged of domains, accounts and clients, never
of a mailbox. Rules are data. Counts are of letters of the window; told, not asked.
Sources: Wilson (1927); the shares that large receivers publish (Gmail's sender
guidelines, 2024: complaints below 0.1 %, never 0.3 %).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from outreachd.rules.interval import wilson
from outreachd.rules.model import Kind


class Health(StrEnum):
    """How well somebody is; the schema holds the same words."""

    WELL = "well"
    TIRED = "tired"  # slowed
    RESTING = "resting"  # paused, comes back in stages
    RETIRED = "retired"  # until a person says otherwise


class Measure(StrEnum):
    """What is counted against the letters sent."""

    HARD = "hard"  # bounces of addresses that do not exist
    BLOCK = "block"  # refusals for who we are or what we say
    COMPLAINT = "complaint"
    SILENCE = "silence"  # nothing at all: rules/silence judges it


class Mode(StrEnum):
    """What a rule may do."""

    OBSERVE = "observe"  # only note
    SUGGEST = "suggest"  # wait for a person's yes
    ENFORCE = "enforce"


# A look at a large fleet makes a hundred thousand of these: Python's collector would
# stop everything for a tenth of a second to go through them.
class Counts(Struct, frozen=True, gc=False):
    """Letters of a window, and what came back for them."""

    sent: int = 0
    hard: int = 0
    block: int = 0
    soft: int = 0
    complaint: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.sent + other.sent,
            self.hard + other.hard,
            self.block + other.block,
            self.soft + other.soft,
            self.complaint + other.complaint,
        )

    def of(self, measure: Measure) -> int:
        """Tell how many events of a kind there were."""
        match measure:
            case Measure.HARD:
                return self.hard
            case Measure.BLOCK:
                return self.block
            case Measure.COMPLAINT:
                return self.complaint
            case Measure.SILENCE:
                return self.hard + self.block + self.soft + self.complaint


NOTHING = Counts()


def added(counts: Iterable[Counts]) -> Counts:
    """Add counts up."""
    return sum(counts, NOTHING)


class Rule(Struct, frozen=True, kw_only=True):
    """When somebody is ill.

    ``limit`` is a rate that the events surely pass: with ``z`` = 2.33 one time in a
    hundred it is chance; of silence, the events that others would have had. ``brings``
    is tired or resting.
    """

    name: str
    kind: Kind
    measure: Measure
    window_h: int
    min_sent: int
    min_events: int
    limit: float
    brings: Health = Health.RESTING
    mode: Mode = Mode.ENFORCE
    z: float = 2.33


class Breach(Struct, frozen=True, kw_only=True):
    """A rule that holds, with its figures."""

    rule: Rule
    sent: int
    events: int
    low: float  # the least rate that fits


# How many letters of a mailbox's domain are mixed into its own.
OTHERS_LETTERS = 50.0
# An event count that is not reached by then is not worth naming.
FAR = 1000


def judge(rule: Rule, counts: Counts, parent: Counts = NOTHING) -> Breach | None:
    """Tell whether a rule holds; ``parent`` = of the domain a mailbox belongs to."""
    events = counts.of(rule.measure)
    if counts.sent < rule.min_sent or events < rule.min_events:
        return None
    low = _least(rule, counts.sent, events, parent)
    if low <= rule.limit:
        return None
    return Breach(rule=rule, sent=counts.sent, events=events, low=low)


def budget(rule: Rule, counts: Counts, parent: Counts = NOTHING) -> int | None:
    """Tell how many more events make a rule hold; None = it is far, or too early.

    0 = it holds already.
    """
    if counts.sent < rule.min_sent:
        return None
    events = counts.of(rule.measure)
    first = max(events, rule.min_events)
    for more in range(first, min(first + FAR, counts.sent) + 1):
        if _least(rule, counts.sent, more, parent) > rule.limit:
            return more - events
    return None


def _least(rule: Rule, sent: int, events: int, parent: Counts) -> float:
    weight = OTHERS_LETTERS if parent.sent else 0.0
    rate = parent.of(rule.measure) / parent.sent if parent.sent else 0.0
    of = max(sent, events) + weight
    return wilson(events + rate * weight, of, rule.z)[0]
